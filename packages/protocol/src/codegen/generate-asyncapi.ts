import type { Protocol } from '../define-protocol.js';
import { describeProtocol, type ProtocolDescription } from '../describe-protocol.js';
import { ProtocolError } from '../errors.js';
import { TOPIC_PARAMETERS } from '../topic-grammar.js';
import { channelsOf, operationsOf } from './asyncapi/channels.js';
import { messagesOf, schemasOf } from './asyncapi/messages.js';
import { namedTopics, PARAMETER_TEXTS, type AsyncApiNode } from './asyncapi/topics.js';
import type { GeneratedFile } from './generate-c.js';

/** What {@link generateAsyncApi} cannot know from the contract. */
export interface GenerateAsyncApiOptions {
  /** `host[:port]` of the broker's listener for devices. Default: the document names no server. */
  readonly host?: string;
  /** SPDX expression of *your* licence for the interface. Default: none is stated. */
  readonly license?: string;
}

/**
 * The contract as an AsyncAPI 3.0 document, `asyncapi.json`, written from the **device's** point of view: it receives
 * commands and sends events. A server or app does the reverse.
 *
 * - one channel and one operation per topic and scope (`update_run_device`, `receive_update_run_device`), with QoS, retain
 *   and message expiry as MQTT 5 bindings;
 * - one message per topic: the JSON Schema of its payload, or for text that of the value;
 * - a command to one device has a `reply` on the channel of the event that names `{client}`, if there is one;
 * - documents are in `components.schemas`.
 *
 * What AsyncAPI has no word for is in extensions: `x-contract-hash`, `x-max-bytes`, `x-since` (a contract version),
 * `x-pattern` of a parameter.
 * Equal contracts give equal bytes. Throws {@link ProtocolError} `invalid_definition` if two topics would share a name.
 * Source: https://www.asyncapi.com/docs/reference/specification/v3.0.0, MQTT bindings 0.2.0.
 */
export function generateAsyncApi(protocol: Protocol, options: GenerateAsyncApiOptions = {}): GeneratedFile {
  const { host, license } = options;
  if (host !== undefined && !/^(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?$/.test(host)) {
    throw new ProtocolError('invalid_definition', 'host: must be "host" or "host:port"', 'host');
  }
  const description = describeProtocol(protocol);
  const topics = namedTopics(description);
  const document = {
    asyncapi: '3.0.0',
    info: infoOf(description, license),
    ...(host === undefined ? {} : { servers: { broker: serverOf(host) } }),
    defaultContentType: 'application/json',
    channels: channelsOf(topics),
    operations: operationsOf(topics),
    components: {
      messages: messagesOf(topics),
      schemas: schemasOf(topics, description.documents),
      parameters: parametersOf(),
      ...(host === undefined ? {} : { securitySchemes: { certificate: CERTIFICATE } }),
    },
  };
  return { path: 'asyncapi.json', content: `${JSON.stringify(document, null, 2)}\n` };
}

const CERTIFICATE: AsyncApiNode = {
  type: 'X509',
  description: "The client's certificate; its common name is the device id.",
};

function infoOf({ name, version, contractHash }: ProtocolDescription, license: string | undefined): AsyncApiNode {
  return {
    title: name,
    version: String(version),
    description:
      `Contract \`${name}\` ${String(version)} with hash \`${contractHash}\`, from the device's point of view: ` +
      'it receives commands and sends events. A server or app does the reverse. ' +
      'A payload of more than `x-max-bytes` bytes is refused unread; strings are bounded in bytes of UTF-8.',
    ...(license === undefined ? {} : { license: { name: license } }),
    'x-contract-hash': contractHash,
  };
}

const serverOf = (host: string): AsyncApiNode => ({
  host,
  protocol: 'secure-mqtt',
  protocolVersion: '5.0',
  description: 'The listener for devices.',
  security: [{ $ref: '#/components/securitySchemes/certificate' }],
});

const parametersOf = (): AsyncApiNode =>
  Object.fromEntries(
    Object.entries(PARAMETER_TEXTS).map(([name, { about, example }]) => {
      const { minBytes, maxBytes } = TOPIC_PARAMETERS[name as keyof typeof TOPIC_PARAMETERS];
      const pattern = `[A-Za-z0-9_-]{${String(minBytes)},${String(maxBytes)}}`;
      return [name, { description: `${about} \`${pattern}\``, examples: [example], 'x-pattern': `^${pattern}$` }];
    }),
  );
