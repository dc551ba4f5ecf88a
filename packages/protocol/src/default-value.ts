import { holdsString } from './fields.js';
import type { DefaultValue, FieldModel } from './model.js';

type WithDefault = Exclude<FieldModel, { kind: 'literal' | 'array' | 'object' | 'union' }>;

/** True for the kinds of members that can have a default. */
export const canHaveDefault = (model: FieldModel): model is WithDefault =>
  model.kind !== 'literal' && model.kind !== 'array' && model.kind !== 'object' && model.kind !== 'union';

/** True if `value` is one of the model; that of a decimal is scaled. */
export function isDefaultOf(model: FieldModel, value: unknown): value is DefaultValue {
  switch (model.kind) {
    case 'string':
      return typeof value === 'string' && holdsString(model, value);
    case 'integer':
    case 'decimal':
      return typeof value === 'number' && Number.isSafeInteger(value) && value >= model.min && value <= model.max;
    case 'boolean':
      return typeof value === 'boolean';
    case 'enum':
      return typeof value === 'string' && model.values.includes(value);
    default:
      return false;
  }
}
