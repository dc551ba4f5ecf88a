import type { Random } from '../support/random.js';

const LEAVES: readonly unknown[] = [
  undefined,
  null,
  true,
  false,
  0,
  -0,
  1,
  -1,
  1.5,
  0.1 + 0.2,
  1e-7,
  Number.NaN,
  Infinity,
  2 ** 53,
  12n,
  '',
  '0',
  'é"\\\n\u2028',
  '\u0000',
  '\ud800',
  'x'.repeat(200),
  Symbol('s'),
  new Date(0),
  Object('text'),
  Object(1),
  () => 1,
  [],
  {},
];

class Reading {
  constructor(members: object) {
    Object.assign(this, members);
  }

  toJSON(): unknown {
    return { instead: true };
  }
}

class Endless extends Array<unknown> {
  override *[Symbol.iterator](): ArrayIterator<unknown> {
    for (let count = 0; count < 3; count++) yield undefined;
  }
}

/** A value that JavaScript code might pass, right or wrong: changed somewhere, or what it holds in another kind of object. */
export function strangeValue(value: unknown, random: Random): unknown {
  if (random.once(12)) return random.pick(LEAVES);
  if (Array.isArray(value)) return strangeArray(value, random);
  return typeof value === 'object' && value !== null ? strangeObject(value, random) : value;
}

function strangeArray(items: readonly unknown[], random: Random): unknown {
  const changed = items.map((item) => strangeValue(item, random));
  switch (random.below(8)) {
    case 0:
      return [...changed, ...changed];
    case 1:
      return changed.slice(1);
    case 2:
      Reflect.deleteProperty(changed, 0);
      return changed;
    case 3:
      return Endless.from(changed);
    case 4:
      return Object.assign(changed, { extra: 1, toJSON: () => [] });
    case 5:
      return new Proxy(changed, {});
    default:
      return changed;
  }
}

function strangeObject(value: object, random: Random): unknown {
  let entries = Object.entries(value).map(([name, item]): [string, unknown] => [name, strangeValue(item, random)]);
  if (random.once(3)) entries = random.shuffle(entries);
  if (random.once(8)) entries = entries.slice(1);
  if (random.once(6)) entries.push(['extra', random.pick(LEAVES)]);
  const changed = Object.fromEntries(entries);
  const [first] = entries;
  switch (random.below(12)) {
    case 0:
      return new Reading(changed);
    case 1:
      return Object.assign(Object.create(null) as object, changed);
    case 2:
      return Object.create(changed) as object;
    case 3:
      return Object.assign(Object.create({ inherited: 1 }) as object, changed);
    case 4:
      return new Proxy(changed, {});
    case 5:
      return { ...changed, toJSON: () => ({ instead: true }) };
    case 6:
      return { ...changed, [Symbol('s')]: 1 };
    case 7:
      return Object.defineProperty({ ...changed }, '__proto__', { value: { extra: 1 }, enumerable: true });
    case 8:
      return first === undefined ? changed : withGetter(changed, first);
    case 9:
      return first === undefined ? changed : Object.defineProperty({ ...changed }, first[0], { enumerable: false });
    default:
      return changed;
  }
}

const withGetter = (members: object, [name, value]: [string, unknown]): object =>
  Object.defineProperty({ ...members }, name, { get: () => value, enumerable: true });
