import type { PayloadForm } from '../../contract-form.js';
import type { FieldModel } from '../../model.js';
import type { PayloadEncoding } from '../../payload.js';
import { toJsonSchema } from '../generate-json-schemas.js';
import { NameScope, snake } from '../names.js';
import type { AsyncApiNode, NamedTopic } from './topics.js';

/** One message per topic. */
export const messagesOf = (topics: readonly NamedTopic[]): AsyncApiNode =>
  Object.fromEntries(topics.map((named) => [named.name, messageOf(named)]));

function messageOf(named: NamedTopic): AsyncApiNode {
  const { leaf, name, topic } = named;
  const { encoding, maxBytes } = topic.payload;
  const mqtt = mqttOf(named);
  return {
    name: leaf,
    summary: topic.description,
    ...(topic.deprecated === undefined ? {} : { deprecated: true, description: `Deprecated: ${topic.deprecated}` }),
    contentType: CONTENT_TYPES[encoding],
    payload: payloadOf(name, topic.payload),
    ...(mqtt === undefined ? {} : { bindings: { mqtt: { ...mqtt, bindingVersion: '0.2.0' } } }),
    'x-max-bytes': maxBytes,
    ...(topic.since === undefined ? {} : { 'x-since': topic.since }),
  };
}

const CONTENT_TYPES: Readonly<Record<PayloadEncoding, string>> = {
  empty: 'text/plain',
  text: 'text/plain',
  bytes: 'application/octet-stream',
  json: 'application/json',
};

/** The properties of MQTT 5 by which an answer finds its command. */
function mqttOf({ reply, isReply }: NamedTopic): AsyncApiNode | undefined {
  if (reply !== undefined) {
    return {
      correlationData: { type: 'string', description: 'Chosen by who commands; 16 random bytes are a good choice.' },
      responseTopic: {
        type: 'string',
        pattern: reply.pattern,
        description: 'Where the answer goes: below the device that is commanded.',
      },
    };
  }
  return isReply ? { correlationData: { type: 'string', description: 'That of the command.' } } : undefined;
}

function payloadOf(name: string, { encoding, model }: PayloadForm): AsyncApiNode {
  switch (encoding) {
    case 'empty':
      return { type: 'string', maxLength: 0, description: 'Empty.' };
    case 'bytes':
      return { type: 'string', format: 'binary', minLength: model.minBytes, maxLength: model.maxBytes };
    case 'text':
      return textSchema(model);
    case 'json':
      return { $ref: `#/components/schemas/${name}` };
  }
}

/** The schema of a text payload's value: a decimal is an integer, everything else the text itself. */
function textSchema(model: FieldModel): AsyncApiNode {
  if (model.kind === 'boolean') return { type: 'integer', enum: [0, 1], description: '0 is false, 1 is true.' };
  return model.kind === 'enum' ? { type: 'string', ...toJsonSchema(model) } : toJsonSchema(model);
}

/** The schemas of JSON payloads by the name of their topic, then those of documents. */
export function schemasOf(
  topics: readonly NamedTopic[],
  documents: Readonly<Record<string, PayloadForm>>,
): AsyncApiNode {
  const names = new NameScope();
  const schemas = [
    ...topics.map(({ name, leaf, topic }) => ({ name, title: leaf, owner: leaf, payload: topic.payload })),
    ...Object.entries(documents).map(([key, payload]) => ({
      name: snake(key),
      title: key,
      owner: `${key} (document)`,
      payload,
    })),
  ].flatMap(({ name, title, owner, payload: { encoding, maxBytes, model } }) =>
    encoding === 'json'
      ? [[names.claim(name, owner), { title, ...toJsonSchema(model), 'x-max-bytes': maxBytes }] as const]
      : [],
  );
  return Object.fromEntries(schemas);
}
