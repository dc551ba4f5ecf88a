import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import type { ContractForm, PayloadForm } from './contract-form.js';
import { tagOf, type PayloadModel } from './model.js';

/**
 * First 16 hex digits of the SHA-256 over the contract's canonical form: names, directions, scopes, delivery and payload
 * models. Descriptions, deprecation, since-versions and the order of declaration (of topics, members, options, enum values) do not change it.
 */
export function contractHash(contract: ContractForm): string {
  const topics = sortedEntries(contract.topics).map(([leaf, topic]) => ({
    leaf,
    direction: topic.direction,
    scopes: [...new Set(topic.scopes)].sort(),
    qos: topic.qos,
    delivery: topic.direction === 'command' ? topic.expirySeconds : topic.retain,
    payload: payloadForm(topic.payload),
  }));
  const documents = sortedEntries(contract.documents).map(([name, payload]) => ({
    name,
    payload: payloadForm(payload),
  }));
  const canonical = JSON.stringify({ name: contract.name, version: contract.version, topics, documents });
  return bytesToHex(sha256(utf8ToBytes(canonical))).slice(0, 16);
}

const payloadForm = ({ encoding, maxBytes, model }: PayloadForm): unknown => ({
  encoding,
  maxBytes,
  model: model === null ? null : canonicalForm(model),
});

/** A model with everything unordered put in order, so that only what reaches the wire is hashed. */
function canonicalForm(model: PayloadModel): unknown {
  switch (model.kind) {
    case 'string':
      return [model.kind, model.minBytes, model.maxBytes, model.format];
    case 'integer':
      return [model.kind, model.min, model.max];
    case 'decimal':
      return [model.kind, model.min, model.max, model.decimals];
    case 'bytes':
      return [model.kind, model.minBytes, model.maxBytes];
    case 'boolean':
      return [model.kind];
    case 'literal':
      return [model.kind, model.value];
    case 'enum':
      return [model.kind, [...model.values].sort()];
    case 'array':
      return [model.kind, model.minItems, model.maxItems, canonicalForm(model.item)];
    case 'object':
      return [
        model.kind,
        model.strict,
        sorted(model.members, (member) => member.name).map((member) => [
          member.name,
          member.optional,
          member.nullable,
          canonicalForm(member.type),
          ...(member.default === undefined ? [] : [member.default]),
        ]),
      ];
    case 'union':
      return [
        model.kind,
        model.discriminator,
        sorted(model.options, (option) => JSON.stringify(tagOf(model, option))).map(canonicalForm),
      ];
  }
}

function sorted<T>(items: readonly T[], keyOf: (item: T) => string): T[] {
  return [...items].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}

const sortedEntries = <T>(record: Readonly<Record<string, T>>): [string, T][] =>
  sorted(Object.entries(record), ([key]) => key);
