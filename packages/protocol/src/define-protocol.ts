import { createPayloadCodec, type PayloadCodec } from './codecs/payload-codec.js';
import { toContractForm } from './contract-form.js';
import { contractHash } from './contract-hash.js';
import { ProtocolError } from './errors.js';
import type { Payload, PayloadInput, PayloadValue } from './payload.js';
import type { CommandDefinition, EventDefinition, TopicDefinition } from './topic-definition.js';
import { checkLeaf, checkRoot, leavesOverlap } from './topic-grammar.js';
import { toPayloadModel } from './zod-model.js';

/** The leaves of a contract: definitions by leaf, such as `update/run`. */
export type Topics = Readonly<Record<string, TopicDefinition>>;

/** Signed or stored JSON values that are no MQTT payload but belong to the contract (the release manifest). */
export type Documents = Readonly<Record<string, Payload>>;

/** One contract: everything else (types, codecs, C, ACL, documents) is derived from this value. */
export interface Protocol<T extends Topics = Topics, D extends Documents = Documents> {
  /** `[a-z][a-z0-9-]{0,31}`. */
  readonly name: string;
  /** Contract version; changes only with an incompatible change. */
  readonly version: number;
  /** First topic levels, without a trailing slash. */
  readonly root: string;
  /** By leaf. */
  readonly topics: T;
  /** By name. */
  readonly documents: D;
  /** 16 hex digits that change exactly when the meaning of the contract changes. The root is not part of it. */
  readonly contractHash: string;
  /** By leaf. */
  readonly codecs: {
    readonly [K in keyof T]: PayloadCodec<PayloadValue<T[K]['payload']>, PayloadInput<T[K]['payload']>>;
  };
  /** By name. */
  readonly documentCodecs: { readonly [K in keyof D]: PayloadCodec<PayloadValue<D[K]>, PayloadInput<D[K]>> };
}

/** Names of a contract's commands. */
export type CommandName<P extends Protocol> = {
  [K in keyof P['topics'] & string]: P['topics'][K] extends CommandDefinition ? K : never;
}[keyof P['topics'] & string];

/** Names of a contract's events. */
export type EventName<P extends Protocol> = {
  [K in keyof P['topics'] & string]: P['topics'][K] extends EventDefinition ? K : never;
}[keyof P['topics'] & string];

/** Value type of a topic's payload. */
export type TopicValue<P extends Protocol, K extends keyof P['topics']> = PayloadValue<P['topics'][K]['payload']>;

/** What the encoder of a topic takes: its value, in which members with a default may be left out. */
export type TopicInput<P extends Protocol, K extends keyof P['topics']> = PayloadInput<P['topics'][K]['payload']>;

/** Value type of a document. */
export type DocumentValue<P extends Protocol, K extends keyof P['documents']> = PayloadValue<P['documents'][K]>;

/**
 * Defines a contract. Topic keys are leaves (`update/interval`), with parameters in braces (`replies/{client}`).
 * Throws {@link ProtocolError} `invalid_definition`, naming topic and field, if C could not enforce a schema, a command
 * is empty of scopes, or a leaf is not a valid topic.
 */
export function defineProtocol<const T extends Topics, const D extends Documents = Documents>(definition: {
  /** `[a-z][a-z0-9-]{0,31}` */
  name: string;
  /** Contract version, 1..65535. */
  version: number;
  /** First topic levels, such as `/esp`: at most 64 characters, `[A-Za-z0-9_-]` and slashes, none at the end. */
  root: string;
  /** By leaf. */
  topics: T;
  /** Payloads that travel elsewhere than by MQTT, by name. Default: none. */
  documents?: D;
}): Protocol<T, D> {
  const { name, version, root, topics } = definition;
  const documents = definition.documents ?? ({} as D);
  if (!/^[a-z][a-z0-9-]{0,31}$/.test(name)) fail(name, 'name must be [a-z][a-z0-9-]{0,31}');
  if (!Number.isInteger(version) || version < 1 || version > 65_535)
    fail(name, 'version must be an integer in 1..65535');
  checkRoot(root);
  for (const [leaf, topic] of Object.entries(topics)) {
    checkLeaf(leaf);
    if (topic.scopes.length === 0) fail(leaf, 'a topic needs at least one scope');
    if (topic.scopes.includes('all') && leaf.includes('{')) {
      fail(leaf, 'a topic with a parameter belongs to one device: use scopes: ["device"]');
    }
    if (topic.direction === 'event' && topic.retain) checkRetained(leaf, topic.payload);
    checkNotes(leaf, topic, version);
    checkDistinct(leaf, topic, topics);
  }
  return Object.freeze({
    name,
    version,
    root,
    topics,
    documents,
    contractHash: contractHash(toContractForm({ name, version, topics, documents })),
    codecs: codecsOf(Object.entries(topics).map(([leaf, topic]) => [leaf, topic.payload])) as Protocol<T, D>['codecs'],
    documentCodecs: codecsOf(Object.entries(documents)) as Protocol<T, D>['documentCodecs'],
  });
}

function checkRetained(leaf: string, payload: Payload): void {
  const model = toPayloadModel(payload, leaf);
  if (model === undefined) fail(leaf, 'an empty retained message deletes the retained one: such an event cannot exist');
  if (model.kind === 'bytes' && model.minBytes === 0) {
    fail(leaf, 'an empty retained message deletes the retained one: use bytes({ minBytes: 1, maxBytes })');
  }
}

/** A broker's rule for a parameter is the wildcard `+`, so that it would also cover the other leaf. */
function checkDistinct(leaf: string, topic: TopicDefinition, topics: Readonly<Record<string, TopicDefinition>>): void {
  if (!leaf.includes('{')) return;
  const other = Object.entries(topics).find(
    ([name, { scopes }]) =>
      name !== leaf && leavesOverlap(leaf, name) && scopes.some((scope) => topic.scopes.includes(scope)),
  );
  if (other !== undefined) fail(other[0], `one topic could be this leaf and "${leaf}": name it differently`);
}

function checkNotes(leaf: string, { deprecated, since }: TopicDefinition, version: number): void {
  if (deprecated !== undefined && (!/^[ -~]{1,200}$/.test(deprecated) || deprecated.includes('*/'))) {
    fail(leaf, 'deprecated must be 1..200 characters of printable ASCII without "*/"');
  }
  if (since !== undefined && (!Number.isInteger(since) || since < 1 || since > version)) {
    fail(leaf, `since must be an integer in 1..${String(version)}, the version of the contract`);
  }
}

/** The same contract below another root, e.g. `/acme/plant-7`. The contract hash stays. */
export function withRoot<P extends Protocol>(protocol: P, root: string): P {
  checkRoot(root);
  return Object.freeze({ ...protocol, root });
}

const codecsOf = (payloads: readonly (readonly [string, Payload])[]): Record<string, PayloadCodec<unknown>> =>
  Object.freeze(Object.fromEntries(payloads.map(([path, payload]) => [path, createPayloadCodec(payload, path)])));

function fail(path: string, what: string): never {
  throw new ProtocolError('invalid_definition', `${path}: ${what}`, path);
}
