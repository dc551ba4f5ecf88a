import type { FieldModel, MemberModel } from '../model.js';
import type { CFallback, CType } from './c-model.js';
import { snake } from './names.js';

/** Decimals of what a member holds, 0 if that is no decimal. */
export function decimalsIn(model: FieldModel): number {
  if (model.kind === 'array') return decimalsIn(model.item);
  return model.kind === 'decimal' ? model.decimals : 0;
}

/** What an absent member is read as. */
export function fallbackOf(member: MemberModel, type: CType): CFallback | undefined {
  const value = member.default;
  if (value === undefined) return undefined;
  if (type.kind === 'enum') {
    const found = type.values.enumerators.find(({ text }) => text === value);
    return { kind: 'constant', expression: found?.name ?? '' };
  }
  if (typeof value === 'string') return { kind: 'text', text: value };
  return { kind: 'constant', expression: String(value) };
}

/** `true`, `minus_1`, `power_on`: what a literal is called in C. */
export function tagLabel(tag: string | number | boolean): string {
  if (typeof tag === 'number' && tag < 0) return `minus_${String(-tag)}`;
  const label = snake(String(tag));
  return label === '' ? 'other' : label;
}

/** The smallest type that holds both bounds. */
export function integerType(min: number, max: number): string {
  const signed = min < 0;
  for (const bits of [8, 16, 32]) {
    const low = signed ? -(2 ** (bits - 1)) : 0;
    const high = signed ? 2 ** (bits - 1) - 1 : 2 ** bits - 1;
    if (min >= low && max <= high) return `${signed ? '' : 'u'}int${String(bits)}_t`;
  }
  return 'int64_t';
}
