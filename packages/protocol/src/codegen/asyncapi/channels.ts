import { parameterOf } from '../../topic-grammar.js';
import type { AsyncApiNode, NamedTopic, TopicAddress } from './topics.js';

/** One channel per topic and scope. */
export const channelsOf = (topics: readonly NamedTopic[]): AsyncApiNode =>
  Object.fromEntries(
    topics.flatMap((named) => named.addresses.map((address) => [address.channel, channelOf(named, address)] as const)),
  );

function channelOf({ leaf, name, topic }: NamedTopic, { scope, address }: TopicAddress): AsyncApiNode {
  const parameters = address
    .split('/')
    .map(parameterOf)
    .filter((parameter) => parameter !== undefined)
    .map((parameter) => [parameter, { $ref: `#/components/parameters/${parameter}` }] as const);
  return {
    address,
    title: scope === 'all' ? `${leaf}, all devices` : `${leaf}, one device`,
    description: topic.description,
    messages: { [name]: { $ref: `#/components/messages/${name}` } },
    ...(parameters.length === 0 ? {} : { parameters: Object.fromEntries(parameters) }),
  };
}

/** One operation per topic and scope: a device receives commands and sends events. */
export const operationsOf = (topics: readonly NamedTopic[]): AsyncApiNode =>
  Object.fromEntries(
    topics.flatMap((named) =>
      named.addresses.map((address) => {
        const action = named.topic.direction === 'command' ? 'receive' : 'send';
        return [`${action}_${address.channel}`, operationOf(named, address, action)] as const;
      }),
    ),
  );

function operationOf(
  { name, topic, reply }: NamedTopic,
  { scope, channel }: TopicAddress,
  action: 'send' | 'receive',
): AsyncApiNode {
  return {
    action,
    channel: { $ref: `#/channels/${channel}` },
    summary: topic.description,
    bindings: {
      mqtt: {
        qos: topic.qos,
        retain: topic.direction === 'event' && topic.retain,
        ...(topic.direction === 'command' ? { messageExpiryInterval: topic.expirySeconds } : {}),
        bindingVersion: '0.2.0',
      },
    },
    messages: [{ $ref: `#/channels/${channel}/messages/${name}` }],
    // A command to all devices has no answer.
    ...(reply === undefined || scope === 'all'
      ? {}
      : {
          reply: {
            channel: { $ref: `#/channels/${reply.channel}` },
            messages: [{ $ref: `#/channels/${reply.channel}/messages/${reply.message}` }],
          },
        }),
  };
}
