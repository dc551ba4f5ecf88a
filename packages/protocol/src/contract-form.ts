import type { FieldModel } from './model.js';
import type { Payload, PayloadEncoding } from './payload.js';
import type { QoS, Scope, TopicDefinition } from './topic-definition.js';
import { toPayloadModel } from './zod-model.js';

/** A payload as plain data. */
export interface PayloadForm {
  readonly encoding: PayloadEncoding;
  /** Size bound of the payload, bytes. */
  readonly maxBytes: number;
  /** `null` for an empty payload. */
  readonly model: FieldModel | null;
}

interface TopicFormCommon {
  readonly description: string;
  readonly scopes: readonly Scope[];
  readonly qos: QoS;
  readonly payload: PayloadForm;
}

/** A topic as plain data: a command has an expiry, an event may be retained. */
export type TopicForm =
  | (TopicFormCommon & { readonly direction: 'command'; readonly expirySeconds: number })
  | (TopicFormCommon & { readonly direction: 'event'; readonly retain: boolean });

/** What a contract means, as plain data without zod. */
export interface ContractForm {
  readonly name: string;
  readonly version: number;
  /** By leaf. */
  readonly topics: Readonly<Record<string, TopicForm>>;
  /** By name. */
  readonly documents: Readonly<Record<string, PayloadForm>>;
}

/** Turns the zod schemas of a contract into models. Throws `invalid_definition` for what C cannot enforce. */
export function toContractForm(contract: {
  name: string;
  version: number;
  topics: Readonly<Record<string, TopicDefinition>>;
  documents: Readonly<Record<string, Payload>>;
}): ContractForm {
  return {
    name: contract.name,
    version: contract.version,
    topics: mapEntries(contract.topics, topicForm),
    documents: mapEntries(contract.documents, payloadForm),
  };
}

function topicForm(topic: TopicDefinition, leaf: string): TopicForm {
  const common = {
    description: topic.description,
    scopes: [...topic.scopes],
    qos: topic.qos,
    payload: payloadForm(topic.payload, leaf),
  };
  return topic.direction === 'command'
    ? { direction: 'command', ...common, expirySeconds: topic.expirySeconds }
    : { direction: 'event', ...common, retain: topic.retain };
}

const payloadForm = (payload: Payload, path: string): PayloadForm => ({
  encoding: payload.encoding,
  maxBytes: payload.maxBytes,
  model: toPayloadModel(payload, path) ?? null,
});

const mapEntries = <A, B>(record: Readonly<Record<string, A>>, map: (value: A, key: string) => B): Record<string, B> =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value, key)]));
