import { toScaled } from '../decimal.js';
import { holdsString } from '../fields.js';
import type { ScalarModel } from '../model.js';

/** Makes the check whether a value is one of a scalar model: the schema's verdict, without its reasons. */
export function scalarCheck(model: ScalarModel): (value: unknown) => boolean {
  switch (model.kind) {
    case 'string':
      return (value) => typeof value === 'string' && holdsString(model, value);
    case 'integer': {
      const { min, max } = model;
      return (value) => typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max;
    }
    case 'decimal': {
      const { min, max, decimals } = model;
      return (value) => {
        const scaled = typeof value === 'number' ? toScaled(value, decimals) : undefined;
        return scaled !== undefined && scaled >= min && scaled <= max;
      };
    }
    case 'boolean':
      return (value) => typeof value === 'boolean';
    case 'literal':
      return (value) => value === model.value;
    case 'enum': {
      const values = new Set<unknown>(model.values);
      return (value) => values.has(value);
    }
  }
}

/** What zod takes for an object. */
export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
