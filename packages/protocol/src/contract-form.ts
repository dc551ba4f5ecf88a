import type { BytesModel, FieldModel } from './model.js';
import type { Payload } from './payload.js';
import type { QoS, Scope, TopicDefinition } from './topic-definition.js';
import { toPayloadModel } from './zod-model.js';

/** A payload as plain data. `maxBytes` is its size bound; an empty payload has no model. */
export type PayloadForm =
  | { readonly encoding: 'empty'; readonly maxBytes: number; readonly model: null }
  | { readonly encoding: 'text' | 'json'; readonly maxBytes: number; readonly model: FieldModel }
  | { readonly encoding: 'bytes'; readonly maxBytes: number; readonly model: BytesModel };

interface TopicFormCommon {
  readonly description: string;
  readonly deprecated?: string;
  readonly since?: number;
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
    ...(topic.deprecated === undefined ? {} : { deprecated: topic.deprecated }),
    ...(topic.since === undefined ? {} : { since: topic.since }),
    scopes: [...topic.scopes],
    qos: topic.qos,
    payload: payloadForm(topic.payload, leaf),
  };
  return topic.direction === 'command'
    ? { direction: 'command', ...common, expirySeconds: topic.expirySeconds }
    : { direction: 'event', ...common, retain: topic.retain };
}

function payloadForm(payload: Payload, path: string): PayloadForm {
  const { maxBytes } = payload;
  const model = toPayloadModel(payload, path);
  if (model === undefined) return { encoding: 'empty', maxBytes, model: null };
  if (model.kind === 'bytes') return { encoding: 'bytes', maxBytes, model };
  return { encoding: payload.encoding === 'text' ? 'text' : 'json', maxBytes, model };
}

const mapEntries = <A, B>(record: Readonly<Record<string, A>>, map: (value: A, key: string) => B): Record<string, B> =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value, key)]));
