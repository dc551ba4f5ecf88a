/** Most decimals of a decimal field. */
export const MAX_DECIMALS = 9;

/**
 * Largest `value * 10^decimals`: the 15 digits that a double keeps whatever they are (IEEE 754), so that no two values of
 * a decimal field are the same `number`.
 */
export const MAX_SCALED = 999_999_999_999_999;

/** `value * 10^decimals`, or `undefined` if the double nearest to no such integer, or to one beyond ±(2^53-1), was given. */
export function toScaled(value: number, decimals: number): number | undefined {
  const scaled = Math.round(value * 10 ** decimals) + 0;
  return Math.abs(scaled) <= MAX_SCALED && fromScaled(scaled, decimals) === value ? scaled : undefined;
}

/** The double nearest to `scaled / 10^decimals`: division rounds correctly, and both operands are exact. */
export const fromScaled = (scaled: number, decimals: number): number => scaled / 10 ** decimals;

/** The shortest decimal text of `scaled / 10^decimals`: `21.5`, `-0.05`, `21`; never an exponent. */
export function decimalText(scaled: number, decimals: number): string {
  const digits = String(Math.abs(scaled)).padStart(decimals + 1, '0');
  const whole = digits.slice(0, digits.length - decimals);
  const fraction = digits.slice(digits.length - decimals).replace(/0+$/, '');
  return `${scaled < 0 ? '-' : ''}${whole}${fraction === '' ? '' : `.${fraction}`}`;
}
