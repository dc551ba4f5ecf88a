import type { StringField } from './fields.js';

/**
 * A payload schema as plain data: what C can enforce, and no more. Everything that is derived from a contract
 * (C code, contract hash, documents) reads this, never zod.
 */
export type PayloadModel = FieldModel | BytesModel;

/** What can stand in a text or JSON payload. */
export type FieldModel = ScalarModel | ArrayModel | ObjectModel | UnionModel;

/** A single value: what a text payload or a member can be. */
export type ScalarModel = StringField | IntegerModel | DecimalModel | BooleanModel | LiteralModel | EnumModel;

/** Both bounds are inclusive and within ±(2^53-1). */
export interface IntegerModel {
  readonly kind: 'integer';
  readonly min: number;
  readonly max: number;
}

/**
 * A multiple of `10^-decimals`. The bounds are inclusive and, like everything said of a decimal in a model, **scaled**:
 * integers that stand for `value * 10^decimals`, within ±999999999999999.
 */
export interface DecimalModel {
  readonly kind: 'decimal';
  readonly min: number;
  readonly max: number;
  /** 1..9. */
  readonly decimals: number;
}

/** `true` or `false`. */
export interface BooleanModel {
  readonly kind: 'boolean';
}

/** One constant; numbers are safe integers, strings are encodable. */
export interface LiteralModel {
  readonly kind: 'literal';
  readonly value: string | number | boolean;
}

/** Distinct values of `[a-z0-9_]`. */
export interface EnumModel {
  readonly kind: 'enum';
  readonly values: readonly string[];
}

/** What an array can hold. */
export type ItemModel = Exclude<FieldModel, ArrayModel | LiteralModel>;

/** A list of values of one kind. */
export interface ArrayModel {
  readonly kind: 'array';
  readonly item: ItemModel;
  /** Inclusive bounds. */
  readonly minItems: number;
  readonly maxItems: number;
}

/** An object, its members in the order of the contract. */
export interface ObjectModel {
  readonly kind: 'object';
  /** Unknown keys are refused instead of ignored. */
  readonly strict: boolean;
  readonly members: readonly MemberModel[];
}

/** A member of an object. */
export interface MemberModel {
  readonly name: string;
  /** False for a member with a default: whoever reads it finds it there, and whoever encodes it writes it. */
  readonly optional: boolean;
  /** `null` is allowed, which is not the same as being absent. */
  readonly nullable: boolean;
  readonly type: FieldModel;
  /** What an absent member is read as; scaled if the type is a decimal. */
  readonly default?: DefaultValue;
}

/** A value of a member's type; only strings, integers, decimals, booleans and enums have one. */
export type DefaultValue = string | number | boolean;

/** A whole payload of raw bytes; never inside another model. */
export interface BytesModel {
  readonly kind: 'bytes';
  /** Inclusive bounds. */
  readonly minBytes: number;
  readonly maxBytes: number;
}

/** A union told apart by the literal value of one member, which every option has and no two share. */
export interface UnionModel {
  readonly kind: 'union';
  /** Name of that member. */
  readonly discriminator: string;
  readonly options: readonly ObjectModel[];
}

/** How many objects and arrays nest in a value of this shape: the bound that decoders enforce before parsing. */
export function depthOf(model: PayloadModel): number {
  switch (model.kind) {
    case 'object':
      return 1 + Math.max(0, ...model.members.map((member) => depthOf(member.type)));
    case 'array':
      return 1 + depthOf(model.item);
    case 'union':
      return Math.max(...model.options.map(depthOf));
    default:
      return 0;
  }
}

/** The most decimals of any decimal in a value of this shape. */
export function decimalsOf(model: PayloadModel): number {
  switch (model.kind) {
    case 'decimal':
      return model.decimals;
    case 'object':
      return Math.max(0, ...model.members.map((member) => decimalsOf(member.type)));
    case 'array':
      return decimalsOf(model.item);
    case 'union':
      return Math.max(...model.options.map(decimalsOf));
    default:
      return 0;
  }
}

/** The literal by which an option of a union is told apart. */
export function tagOf(union: UnionModel, option: ObjectModel): LiteralModel['value'] {
  const tag = option.members.find((member) => member.name === union.discriminator)?.type;
  if (tag?.kind !== 'literal') throw new TypeError(`an option of a union lacks its literal "${union.discriminator}"`);
  return tag.value;
}
