import { EDGE_NUMBERS, EDGE_STRINGS, EDGE_VALUES } from './edges.js';
import type { Random } from './random.js';

/**
 * Spells a value as JSON in one of the many ways the language allows: white space, escapes, order and duplicates of keys,
 * unknown members, forms of numbers. With `faults`, sometimes in a way that is nearly right.
 */
export function spellJson(value: unknown, random: Random, faults: boolean): string {
  return new Speller(random, faults).text(value);
}

/** A number of at most nine decimals as digits, without an exponent. */
export const plainNumber = (value: number): string =>
  /e-/.test(String(value)) ? value.toFixed(9).replace(/0+$/, '') : String(value);

const SPACE = ['', '', '', ' ', '\n', '\t\r ', '  '];
class Speller {
  constructor(
    readonly random: Random,
    readonly faults: boolean,
  ) {}

  text(value: unknown): string {
    return this.space() + this.value(value) + this.space();
  }

  private value(value: unknown): string {
    if (this.faults && this.random.once(25)) return this.strange();
    if (typeof value === 'string') return this.string(value);
    if (typeof value === 'number') return this.number(value);
    if (Array.isArray(value))
      return this.list(
        '[',
        value.map((item) => this.value(item)),
        ']',
      );
    if (typeof value === 'object' && value !== null) return this.object(value as Record<string, unknown>);
    return String(value);
  }

  private object(value: Record<string, unknown>): string {
    const members: string[] = [];
    for (const [key, item] of Object.entries(value)) {
      if (this.faults && this.random.once(30)) continue;
      if (this.random.once(12)) members.push(this.member(key, this.strange(true)));
      members.push(this.member(key, this.value(item)));
      if (this.faults && this.random.once(40)) members.push(this.member(key, this.strange()));
    }
    if (this.random.once(4))
      members.push(this.member(this.random.pick(['extra', '__proto__', 'length', 'Online', '']), this.strange(true)));
    // Duplicates must keep their order, so only unique spellings are shuffled.
    const shuffled = new Set(members.map((member) => member.slice(0, 3))).size === members.length;
    return this.list('{', shuffled ? this.random.shuffle(members) : members, '}');
  }

  private member(key: string, value: string): string {
    return `${this.string(key)}${this.space()}:${this.space()}${value}`;
  }

  private list(open: string, items: readonly string[], close: string): string {
    return open + this.space() + items.join(`${this.space()},${this.space()}`) + this.space() + close;
  }

  private string(text: string): string {
    if (this.random.once(2)) return JSON.stringify(text);
    const spelled = Array.from(text).map((char) =>
      this.random.once(3) ? this.escaped(char) : JSON.stringify(char).slice(1, -1),
    );
    return `"${spelled.join('')}"`;
  }

  private escaped(char: string): string {
    if (char === '/') return '\\/';
    const units = Array.from({ length: char.length }, (_, index) =>
      char.charCodeAt(index).toString(16).padStart(4, '0'),
    );
    return units.map((unit) => `\\u${this.random.once(2) ? unit : unit.toUpperCase()}`).join('');
  }

  private number(value: number): string {
    const digits = plainNumber(value);
    const [whole = '', fraction] = digits.split('.');
    const pointed = fraction === undefined ? `${digits}.` : digits;
    const places = fraction?.length ?? 0;
    const significand = BigInt(whole + (fraction ?? ''));
    switch (this.random.below(8)) {
      case 0:
        return `${pointed}0`;
      case 1:
        return `${String(significand * 100n)}e-${String(places + 2)}`;
      case 2:
        return `${pointed}000E+00`;
      case 3: {
        if (fraction !== undefined) return `${String(significand)}e-${String(places)}`;
        const zeros = /0*$/.exec(digits)?.[0].length ?? 0;
        return value === 0 ? '-0e7' : `${digits.slice(0, digits.length - zeros)}e${String(zeros)}`;
      }
      case 4:
        return this.faults ? `${pointed}0000000000000000000001` : digits;
      default:
        return digits;
    }
  }

  /** Any value; with `valid`, one that is JSON and not nested. */
  private strange(valid = false): string {
    if (valid)
      return this.random.pick([
        'null',
        'true',
        '1.5',
        '-0',
        '1e400',
        '"x"',
        '"\\u00e9"',
        '[]',
        '"\\u0000"',
        '123456789012345678901',
      ]);
    return this.random.pick(this.random.pick([EDGE_NUMBERS, EDGE_STRINGS, EDGE_VALUES]));
  }

  private space(): string {
    return this.random.pick(SPACE);
  }
}

/** A value as JSON once for every scalar in it and every token, with the token in the scalar's place. */
export function* substitutions(value: unknown, tokens: readonly string[]): Generator<string> {
  let count = 0;
  const marked = JSON.stringify(value, (_key, item: unknown) =>
    typeof item === 'object' && item !== null ? item : `@${String(count++)}@`,
  );
  const plain = (text: string): string => {
    const scalars: unknown[] = [];
    JSON.stringify(value, (_key, item: unknown) => {
      if (typeof item !== 'object' || item === null) scalars.push(item);
      return item;
    });
    return text.replace(/"@(\d+)@"/g, (_match, index: string) => JSON.stringify(scalars[Number(index)]));
  };
  for (let index = 0; index < count; index++) {
    for (const token of tokens) yield plain(marked.replace(`"@${String(index)}@"`, () => token));
  }
}

/** Changes a few bytes, or splices pieces. */
export function mutate(bytes: Uint8Array, random: Random): Uint8Array {
  let changed = [...bytes];
  for (let count = 1 + random.below(3); count > 0; count--) {
    const at = random.below(changed.length + 1);
    const other = random.below(changed.length + 1);
    switch (random.below(6)) {
      case 0:
        changed[at] = random.below(256);
        break;
      case 1:
        changed.splice(at, 1 + random.below(3));
        break;
      case 2:
        changed.splice(
          at,
          0,
          random.pick(Array.from('{}[]",:\\0123456789-+.eEtfnu \n/').map((char) => char.charCodeAt(0))),
        );
        break;
      case 3:
        changed.splice(
          at,
          0,
          ...random.pick([
            [0],
            [0xc0, 0x80],
            [0xed, 0xa0, 0x80],
            [0xf4, 0x90, 0x80, 0x80],
            [0xef, 0xbb, 0xbf],
            [0xff],
            [0xc3],
          ]),
        );
        break;
      case 4:
        changed.splice(at, 0, ...changed.slice(Math.min(at, other), Math.max(at, other)));
        break;
      default:
        changed = changed.slice(0, at);
    }
  }
  return Uint8Array.from(changed);
}
