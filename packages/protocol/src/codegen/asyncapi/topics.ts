import type { TopicForm } from '../../contract-form.js';
import type { ProtocolDescription } from '../../describe-protocol.js';
import { ProtocolError } from '../../errors.js';
import type { Scope } from '../../topic-definition.js';
import { parameterOf, TOPIC_PARAMETERS, type TopicParameter } from '../../topic-grammar.js';
import { leafName, NameScope } from '../names.js';

/** A part of the document: plain JSON. */
export type AsyncApiNode = Readonly<Record<string, unknown>>;

/** A topic with what the document calls it. */
export interface NamedTopic {
  readonly leaf: string;
  /** Key of its message, and stem of its channels and operations. */
  readonly name: string;
  readonly topic: TopicForm;
  readonly addresses: readonly TopicAddress[];
  /** The event on which a device answers this command; `undefined` for events and where the contract has none. */
  readonly reply: ReplyTopic | undefined;
  /** True for the event on which devices answer. */
  readonly isReply: boolean;
}

/** A topic in one of its scopes. */
export interface TopicAddress {
  readonly scope: Scope;
  /** Key of the channel. */
  readonly channel: string;
  /** With parameters in braces. */
  readonly address: string;
}

export interface ReplyTopic {
  readonly channel: string;
  readonly message: string;
  /** Of the response topics that a device accepts. */
  readonly pattern: string;
}

/** What each topic parameter stands for. */
export const PARAMETER_TEXTS: Readonly<Record<TopicParameter, { readonly about: string; readonly example: string }>> = {
  device: { about: 'Id of one device.', example: 'esp-001' },
  client: { about: 'Id of the client that an answer is for, random for each connection.', example: 'Zf3kQ9-xT0_aLm2b' },
};

/** The topics by name. Throws `invalid_definition` if two would share one. */
export function namedTopics({ root, topics }: ProtocolDescription): readonly NamedTopic[] {
  const names = new NameScope();
  const replyLeaf = Object.keys(topics).find(
    (leaf) => topics[leaf]?.direction === 'event' && leaf.includes('{client}'),
  );
  const reply: ReplyTopic | undefined =
    replyLeaf === undefined
      ? undefined
      : {
          channel: channelName(replyLeaf, 'device'),
          message: leafName(replyLeaf),
          pattern: patternOf(addressOf(root, replyLeaf, 'device')),
        };
  return Object.entries(topics).map(([leaf, topic]) => ({
    leaf,
    name: names.claim(nameOf(leaf), leaf),
    topic,
    addresses: [...new Set(topic.scopes)].map((scope) => ({
      scope,
      channel: channelName(leaf, scope),
      address: addressOf(root, leaf, scope),
    })),
    reply: topic.direction === 'command' && topic.scopes.includes('device') ? reply : undefined,
    isReply: leaf === replyLeaf,
  }));
}

function nameOf(leaf: string): string {
  const name = leafName(leaf);
  if (name !== '') return name;
  throw new ProtocolError('invalid_definition', `${leaf}: needs a level that is no parameter`, leaf);
}

const channelName = (leaf: string, scope: Scope): string => `${leafName(leaf)}_${scope}`;

const addressOf = (root: string, leaf: string, scope: Scope): string =>
  scope === 'all' ? `${root}/${leaf}` : `${root}/devices/{device}/${leaf}`;

function patternOf(address: string): string {
  const levels = address.split('/').map((level) => {
    const parameter = parameterOf(level);
    if (parameter === undefined) return level;
    const { minBytes, maxBytes } = TOPIC_PARAMETERS[parameter];
    return `[A-Za-z0-9_-]{${String(minBytes)},${String(maxBytes)}}`;
  });
  return `^${levels.join('/')}$`;
}
