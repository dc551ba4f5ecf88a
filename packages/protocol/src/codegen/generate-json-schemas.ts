import type { PayloadForm } from '../contract-form.js';
import { fromScaled } from '../decimal.js';
import type { Protocol } from '../define-protocol.js';
import { describeProtocol } from '../describe-protocol.js';
import type { StringField } from '../fields.js';
import type { FieldModel, MemberModel, ObjectModel } from '../model.js';
import type { GeneratedFile } from './generate-c.js';
import { leafName, NameScope, snake } from './names.js';

type JsonSchema = Readonly<Record<string, unknown>>;

/**
 * One JSON Schema (draft 2020-12) per JSON payload and document: `<name>_<leaf>.schema.json` in snake_case. Text, bytes
 * and empty payloads are no JSON and have none. Every valid value of the contract satisfies its schema. The reverse does not hold
 * where JSON Schema has no word for it: bounds in bytes of UTF-8 (it counts characters; the exact bound stands in
 * `$comment`), the size of the payload, the ports of URLs. `multipleOf` is exact as a decimal, so a validator that divides
 * doubles needs a tolerance (`multipleOfPrecision` of ajv). Only keywords that mean the same since draft 7 are used.
 *
 * Equal contracts give equal bytes. Throws `invalid_definition` if two payloads would share a file.
 */
export function generateJsonSchemas(protocol: Protocol): readonly GeneratedFile[] {
  const { name, version, contractHash, topics, documents } = describeProtocol(protocol);
  const files = new NameScope();
  const about = `contract ${name} ${String(version)} (${contractHash})`;
  const file = (key: string, stem: string, payload: PayloadForm, description: string): readonly GeneratedFile[] => {
    if (payload.encoding !== 'json') return [];
    const path = files.claim(`${snake(name)}_${snake(stem)}.schema.json`, key);
    const schema = {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      $comment: `Generated from ${about}. At most ${String(payload.maxBytes)} bytes on the wire.`,
      title: `${name}: ${key}`,
      ...(description === '' ? {} : { description }),
      ...toJsonSchema(payload.model),
    };
    return [{ path, content: `${JSON.stringify(schema, null, 2)}\n` }];
  };
  return [
    ...Object.entries(topics).flatMap(([leaf, topic]) => file(leaf, leafName(leaf), topic.payload, topic.description)),
    ...Object.entries(documents).flatMap(([key, payload]) => file(key, key, payload, '')),
  ];
}

/** The schema of one value, with keywords that mean the same since draft 7. */
export function toJsonSchema(model: FieldModel): JsonSchema {
  switch (model.kind) {
    case 'string':
      return stringSchema(model);
    case 'integer':
      return { type: 'integer', minimum: model.min, maximum: model.max };
    case 'decimal': {
      const [minimum, maximum, multipleOf] = [model.min, model.max, 1].map((n) => fromScaled(n, model.decimals));
      return { type: 'number', minimum, maximum, multipleOf };
    }
    case 'boolean':
      return { type: 'boolean' };
    case 'literal':
      return { const: model.value };
    case 'enum':
      return { enum: model.values };
    case 'array':
      return { type: 'array', items: toJsonSchema(model.item), minItems: model.minItems, maxItems: model.maxItems };
    case 'object':
      return objectSchema(model);
    case 'union':
      return { oneOf: model.options.map(objectSchema) };
  }
}

const PATTERNS: Record<StringField['format'], string | undefined> = {
  utf8: undefined,
  'https-url': '^[Hh][Tt][Tt][Pp][Ss]://[!-~]+$',
  identifier: '^[A-Za-z0-9_-]*$',
  hex: '^[0-9a-f]*$',
};

/** A character takes one to four bytes; in all formats but `utf8` it takes one. */
function stringSchema({ minBytes, maxBytes, format }: StringField): JsonSchema {
  const pattern = PATTERNS[format];
  return {
    type: 'string',
    minLength: format === 'utf8' ? Math.ceil(minBytes / 4) : minBytes,
    maxLength: maxBytes,
    ...(pattern === undefined
      ? { $comment: `${String(minBytes)}..${String(maxBytes)} bytes of UTF-8, without NUL` }
      : { pattern }),
  };
}

function objectSchema({ strict, members }: ObjectModel): JsonSchema {
  return {
    type: 'object',
    properties: Object.fromEntries(members.map((member) => [member.name, memberSchema(member)])),
    required: members.filter((member) => !member.optional && member.default === undefined).map(({ name }) => name),
    ...(strict ? { additionalProperties: false } : {}),
  };
}

function memberSchema({ nullable, type, default: value }: MemberModel): JsonSchema {
  const schema = nullable ? { anyOf: [toJsonSchema(type), { type: 'null' }] } : toJsonSchema(type);
  if (value === undefined) return schema;
  return {
    ...schema,
    default: type.kind === 'decimal' && typeof value === 'number' ? fromScaled(value, type.decimals) : value,
  };
}
