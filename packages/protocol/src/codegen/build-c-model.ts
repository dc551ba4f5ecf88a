import type { Protocol } from '../define-protocol.js';
import { ProtocolError } from '../errors.js';
import {
  depthOf,
  tagOf,
  type BytesModel,
  type FieldModel,
  type ItemModel,
  type MemberModel,
  type ObjectModel,
  type PayloadModel,
  type UnionModel,
} from '../model.js';
import type { Payload } from '../payload.js';
import { toPayloadModel } from '../zod-model.js';
import type { CContract, CEnum, CItem, CMember, CObject, CPayload, CStruct, CTopic, CType, CUnion } from './c-model.js';
import { decimalsIn, fallbackOf, integerType, tagLabel } from './c-parts.js';
import { fieldName, leafName, NameScope, snake, upper } from './names.js';

export interface CNaming {
  readonly prefix: string;
  readonly license: string | undefined;
}

/** Gives every part of a contract its C name and type. Throws `invalid_definition` if two names meet in C. */
export function buildCModel(protocol: Protocol, naming: CNaming): CContract {
  return new CModelBuilder(protocol, naming).build();
}

const DOCUMENT_NOTE = 'A document: no MQTT payload, but part of the contract.';

class CModelBuilder {
  readonly #names = new NameScope();
  readonly #enums: CEnum[] = [];
  readonly #structs: CStruct[] = [];
  readonly #limits = new Map<string, string>();
  readonly #macroPrefix: string;

  constructor(
    readonly protocol: Protocol,
    readonly naming: CNaming,
  ) {
    this.#macroPrefix = naming.prefix.toUpperCase();
  }

  build(): CContract {
    const { protocol, naming } = this;
    this.#claimFixedNames();
    const topics = Object.entries(protocol.topics).map(([leaf, definition]): CTopic => {
      const name = leafName(leaf);
      if (name === '')
        throw new ProtocolError('invalid_definition', `${leaf}: needs a level that is no parameter`, leaf);
      const enumerator = this.#names.claim(`${this.#macroPrefix}_TOPIC_${upper(name)}`, leaf);
      return { leaf, name, enumerator, definition };
    });
    const payloads = [
      ...topics.map(({ leaf, name, definition }) =>
        this.#payload(leaf, name, definition.payload, definition.description),
      ),
      ...Object.entries(protocol.documents).map(([key, payload]) =>
        this.#payload(key, snake(key), payload, DOCUMENT_NOTE, `${key} (document)`),
      ),
    ];
    return {
      fileStem: snake(protocol.name),
      prefix: naming.prefix,
      macroPrefix: this.#macroPrefix,
      title: `${protocol.name} version ${String(protocol.version)}`,
      version: protocol.version,
      contractHash: protocol.contractHash,
      root: protocol.root,
      license: naming.license,
      topics,
      payloads,
      enums: this.#enums,
      structs: this.#structs,
      limits: [...this.#limits],
    };
  }

  #claimFixedNames(): void {
    const { prefix } = this.naming;
    const functions = [
      'codec_t',
      'topic_t',
      'scope_t',
      'topic_match_t',
      'topic_match',
      'topic_build',
      'device_id_valid',
    ];
    for (const name of functions) this.#names.claim(`${prefix}_${name}`, 'a fixed name');
    const macros =
      'TOPIC_NONE TOPIC_COUNT TOPICS INIT PROTOCOL_VERSION CONTRACT_HASH TOPIC_ROOT TOPIC_MAX_BYTES PAYLOAD_MAX_BYTES ' +
      'DEVICE_ID_MAX_BYTES CLIENT_ID_MIN_BYTES CLIENT_ID_MAX_BYTES SCOPE_ALL SCOPE_DEVICE CODEC_OK CODEC_BAD_PAYLOAD ' +
      'CODEC_OUT_OF_RANGE CODEC_TOO_LONG CODEC_NO_SPACE CODEC_BAD_VALUE';
    for (const name of macros.split(' ')) this.#names.claim(`${this.#macroPrefix}_${name}`, 'a fixed name');
  }

  /** `owner`: what its names stand for; a topic and a document of one name must not share them. */
  #payload(path: string, name: string, payload: Payload, description: string, owner = path): CPayload {
    const model = toPayloadModel(payload, path);
    const { encoding } = payload;
    const { prefix } = this.naming;
    for (const part of ['t', 'decode', 'encode']) this.#names.claim(`${prefix}_${name}_${part}`, owner);
    for (const part of ['MAX_BYTES', 'INIT']) this.#names.claim(`${this.#macroPrefix}_${upper(name)}_${part}`, owner);
    return {
      name,
      path,
      description,
      encoding,
      maxBytes: payload.maxBytes,
      depth: model === undefined ? 0 : depthOf(model),
      struct: model === undefined ? undefined : this.#rootStruct(model, name, path),
    };
  }

  #rootStruct(model: PayloadModel, name: string, path: string): CStruct {
    if (model.kind === 'object' || model.kind === 'union') return this.#struct(model, name, path);
    if (model.kind === 'bytes') return this.#bytesStruct(model, name, path);
    const value: MemberModel = { name: 'value', optional: false, nullable: false, type: model };
    return this.#struct({ kind: 'object', strict: false, members: [value] }, name, path);
  }

  #bytesStruct(model: BytesModel, name: string, path: string): CStruct {
    this.#limit([`${name}_value`], 'MAX_BYTES', model.maxBytes);
    const type: CType = { ...model, stored: true, count: 'value_len' };
    const value = { wireName: 'value', field: 'value', has: undefined, isNull: undefined, fallback: undefined, type };
    const body: CObject = { kind: 'object', strict: false, members: [value] };
    const struct = { type: `${this.naming.prefix}_${name}_t`, name, path, body };
    this.#structs.push(struct);
    return struct;
  }

  #struct(model: ObjectModel | UnionModel, name: string, path: string): CStruct {
    const body = model.kind === 'object' ? this.#object(model, [name], path) : this.#union(model, name, path);
    const struct = { type: `${this.naming.prefix}_${name}_t`, name, path, body };
    this.#structs.push(struct);
    return struct;
  }

  #union(model: UnionModel, name: string, path: string): CUnion {
    const options = model.options.map((option) => {
      const tag = tagOf(model, option);
      return { option, tag, label: `${snake(model.discriminator)}_${tagLabel(tag)}` };
    });
    const stem = this.#names.claim(`${this.naming.prefix}_${name}_kind`, `${path} (kinds)`);
    const enumerators = options.map(({ tag, label }) => ({
      name: this.#names.claim(`${upper(stem)}_${upper(label)}`, optionPath(path, model.discriminator, tag)),
      text: JSON.stringify(tag),
    }));
    const kinds: CEnum = {
      type: this.#names.claim(`${stem}_t`, `${path} (kinds)`),
      stem,
      path,
      enumerators,
      count: undefined,
    };
    this.#enums.push(kinds);
    return {
      kind: 'union',
      discriminator: model.discriminator,
      kinds,
      options: options.map(({ option, tag, label }, index) => ({
        field: label,
        enumerator: enumerators[index]?.name ?? '',
        tag,
        // The short name comes first; an option's own name only tells members of the same name apart.
        object: this.#object(option, [name, `${name}_${label}`], optionPath(path, model.discriminator, tag)),
      })),
    };
  }

  /** `owners`: C names that members are prefixed with, in order of preference. */
  #object(model: ObjectModel, owners: readonly string[], path: string): CObject {
    const fields = new NameScope();
    const members = model.members.map((member): CMember => {
      const memberPath = `${path}.${member.name}`;
      const base = fields.claim(fieldName(member.name), memberPath);
      // A scaled integer says so in its name: setpoint_e1 holds tenths.
      const scaled = decimalsIn(member.type);
      const field = scaled === 0 ? base : fields.claim(`${base}_e${String(scaled)}`, memberPath);
      const names = owners.map((owner) => `${owner}_${snake(member.name)}`);
      const type = this.#type(member.type, names, memberPath, base);
      const has = member.optional ? `has_${base}` : undefined;
      const isNull = member.nullable ? `${base}_is_null` : undefined;
      for (const extra of [has, isNull, type.kind === 'array' || type.kind === 'bytes' ? type.count : undefined]) {
        if (extra !== undefined) fields.claim(extra, `${memberPath} (${extra})`);
      }
      return { wireName: member.name, field, has, isNull, fallback: fallbackOf(member, type), type };
    });
    return { kind: 'object', strict: model.strict, members };
  }

  #type(model: FieldModel, names: readonly string[], path: string, field: string): CType {
    if (model.kind === 'literal') return { ...model, stored: false };
    if (model.kind !== 'array') return this.#item(model, names, path);
    this.#limit(names, 'MAX_ITEMS', model.maxItems);
    const { minItems, maxItems } = model;
    const item = this.#item(model.item, names, path);
    const name = `${this.#firstFree(names, 'items', `${path} (items)`)}_items`;
    return { kind: 'array', stored: true, item, count: `${field}_count`, name, minItems, maxItems };
  }

  #item(model: ItemModel, names: readonly string[], path: string): CItem {
    switch (model.kind) {
      case 'string':
        this.#limit(names, 'MAX_BYTES', model.maxBytes);
        return { ...model, stored: true };
      case 'integer':
        return {
          ...model,
          stored: true,
          type: integerType(model.min, model.max),
          wide: model.min < 0 || model.max > 0xffffffff,
        };
      case 'decimal':
        return { ...model, stored: true, type: integerType(model.min, model.max) };
      case 'boolean':
        return { kind: 'boolean', stored: true };
      case 'enum':
        return { kind: 'enum', stored: true, values: this.#enum(model.values, names, path) };
      case 'object':
      case 'union':
        return { kind: 'struct', stored: true, struct: this.#struct(model, this.#firstFree(names, 't', path), path) };
    }
  }

  /** An enum; two options of a union that name the same values in a member of the same name share it. */
  #enum(values: readonly string[], names: readonly string[], path: string): CEnum {
    const owner = `the values ${values.join(', ')} of ${path.replace(/\|[^.]*/, '')}`;
    const name = this.#firstFree(names, 't', owner);
    const stem = `${this.naming.prefix}_${name}`;
    const known = this.#enums.find((candidate) => candidate.stem === stem);
    if (known !== undefined) return known;
    const enumerators = values.map((text) => ({
      name: this.#names.claim(`${upper(stem)}_${upper(text)}`, owner),
      text,
    }));
    const count = this.#names.claim(`${upper(stem)}_COUNT`, `${path} (count)`);
    this.#names.claim(`${stem}_to_string`, `${path} (to_string)`);
    const created: CEnum = { type: `${stem}_t`, stem, path, enumerators, count };
    this.#enums.push(created);
    return created;
  }

  /** The first of `names` whose C identifier is free or already stands for `owner`. */
  #firstFree(names: readonly string[], suffix: string, owner: string): string {
    const identifier = (name: string): string => `${this.naming.prefix}_${name}_${suffix}`;
    const name = names.find((candidate) => this.#names.allows(identifier(candidate), owner)) ?? names.at(-1) ?? '';
    this.#names.claim(identifier(name), owner);
    return name;
  }

  #limit(names: readonly string[], suffix: string, value: number): void {
    const owner = `the limit ${String(value)}`;
    const macros = names.map((name) => `${this.#macroPrefix}_${upper(name)}_${suffix}`);
    const macro = macros.find((candidate) => this.#names.allows(candidate, owner)) ?? macros.at(-1) ?? '';
    this.#limits.set(this.#names.claim(macro, owner), `(${String(value)}u)`);
  }
}

const optionPath = (path: string, discriminator: string, tag: unknown): string =>
  `${path}|${discriminator}=${JSON.stringify(tag)}`;
