import type { ArrayModel, BytesModel, DecimalModel, IntegerModel, LiteralModel } from '../model.js';
import type { StringField } from '../fields.js';
import type { TopicDefinition } from '../topic-definition.js';

/** A contract as C sees it: every name is final, every type has a definition. Emitters only print it. */
export interface CContract {
  readonly fileStem: string;
  /** `sesp` */
  readonly prefix: string;
  /** `SESP` */
  readonly macroPrefix: string;
  readonly title: string;
  readonly version: number;
  readonly contractHash: string;
  readonly root: string;
  readonly license: string | undefined;
  readonly topics: readonly CTopic[];
  /** Topics' payloads, then documents. */
  readonly payloads: readonly CPayload[];
  /** In order of declaration. */
  readonly enums: readonly CEnum[];
  /** Nested structs before those that hold them. */
  readonly structs: readonly CStruct[];
  readonly limits: readonly (readonly [name: string, value: string])[];
}

export interface CTopic {
  readonly leaf: string;
  /** `update_use_url` */
  readonly name: string;
  /** `SESP_TOPIC_UPDATE_USE_URL` */
  readonly enumerator: string;
  readonly definition: TopicDefinition;
}

export interface CPayload {
  /** `update_use_url` */
  readonly name: string;
  /** Leaf of the topic or name of the document. */
  readonly path: string;
  readonly description: string;
  readonly encoding: 'empty' | 'text' | 'json' | 'bytes';
  readonly maxBytes: number;
  /** Absent for an empty payload. */
  readonly struct: CStruct | undefined;
  /** Deepest nesting of the JSON form. */
  readonly depth: number;
}

export interface CStruct {
  /** `sesp_status_t` */
  readonly type: string;
  /** `status`; nested ones carry their path. File-local functions are named by it. */
  readonly name: string;
  readonly path: string;
  readonly body: CObject | CUnion;
}

export interface CObject {
  readonly kind: 'object';
  readonly strict: boolean;
  readonly members: readonly CMember[];
}

export interface CUnion {
  readonly kind: 'union';
  readonly discriminator: string;
  readonly kinds: CEnum;
  readonly options: readonly COption[];
}

export interface COption {
  /** `online_true`: member of `as`. */
  readonly field: string;
  readonly enumerator: string;
  readonly tag: LiteralModel['value'];
  readonly object: CObject;
}

export interface CMember {
  /** Name in JSON. */
  readonly wireName: string;
  /** Name in the struct. */
  readonly field: string;
  /** `has_<field>`, set for optional members. */
  readonly has: string | undefined;
  /** `<field>_is_null`, set for nullable members. */
  readonly isNull: string | undefined;
  /** C expression of what an absent member is read as; of a string, its text. */
  readonly fallback: CFallback | undefined;
  readonly type: CType;
}

export type CFallback =
  { readonly kind: 'text'; readonly text: string } | { readonly kind: 'constant'; readonly expression: string };

export type CType = CItem | CArray | CBytes | (LiteralModel & { readonly stored: false });

/** What an array can hold and a member can be. */
export type CItem = CString | CInteger | CDecimal | CBoolean | CEnumType | CStructType;

export type CString = StringField & { readonly stored: true };
/** `wide`: not all values fit `uint32_t`. */
export type CInteger = IntegerModel & { readonly stored: true; readonly type: string; readonly wide: boolean };
/** Stored as an integer of that type: the value times 10^decimals. */
export type CDecimal = DecimalModel & { readonly stored: true; readonly type: string };
/** A whole payload of raw bytes. */
export type CBytes = BytesModel & { readonly stored: true; readonly count: string };
export interface CBoolean {
  readonly kind: 'boolean';
  readonly stored: true;
}
export interface CEnumType {
  readonly kind: 'enum';
  readonly stored: true;
  readonly values: CEnum;
}
export interface CStructType {
  readonly kind: 'struct';
  readonly stored: true;
  readonly struct: CStruct;
}
export interface CArray {
  readonly kind: 'array';
  readonly stored: true;
  readonly item: CItem;
  /** `<field>_count` */
  readonly count: string;
  /** Names its file-local functions. */
  readonly name: string;
  readonly minItems: ArrayModel['minItems'];
  readonly maxItems: ArrayModel['maxItems'];
}

export interface CEnum {
  /** `sesp_status_reset_reason_t` */
  readonly type: string;
  /** `sesp_status_reset_reason` */
  readonly stem: string;
  readonly path: string;
  readonly enumerators: readonly { readonly name: string; readonly text: string }[];
  /** `..._COUNT` and `..._to_string` exist for value sets, not for the kinds of a union. */
  readonly count: string | undefined;
}
