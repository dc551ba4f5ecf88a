/** Longest version text, in bytes: what an application descriptor and a fixed C buffer can hold. */
export const MAX_VERSION_BYTES = 32;

/** A parsed version. Two texts may parse to equal versions: `v1.2`, `1.2.0` and `1.2.0+build.7` do. */
export interface FirmwareVersion {
  /** The text it was parsed from. */
  readonly text: string;
  /** Always four components, each 0 to 4294967295. */
  readonly core: readonly [number, number, number, number];
  /** Semver pre-release identifiers, numeric ones as numbers; empty for a release. */
  readonly pre: readonly (number | string)[];
  /** Commits after the tag (git-describe form); 0 otherwise. */
  readonly commits: number;
}

const MAX_COMPONENT = 0xffff_ffff;
const NUMBER = '(?:0|[1-9][0-9]*)';
const CORE = new RegExp(`^v?(${NUMBER}(?:\\.${NUMBER}){0,3})`);
const BUILD = /^[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*$/;
const DESCRIBE = new RegExp(`^-(${NUMBER})-g[0-9a-f]{4,40}(?:-dirty)?$`);
const IDENTIFIER = /^[0-9A-Za-z-]+$/;
const DIGITS = /^[0-9]+$/;

const toComponent = (digits: string): number | undefined => {
  if (digits.length > 10 || (digits.length > 1 && digits.startsWith('0'))) return undefined;
  const value = Number(digits);
  return value <= MAX_COMPONENT ? value : undefined;
};

const toIdentifier = (text: string): number | string | undefined => {
  if (!IDENTIFIER.test(text)) return undefined;
  return DIGITS.test(text) ? toComponent(text) : text;
};

const isComplete = <T>(items: readonly (T | undefined)[]): items is readonly T[] => !items.includes(undefined);

type Suffix = Pick<FirmwareVersion, 'pre' | 'commits'>;

const parseSuffix = (text: string): Suffix | undefined => {
  if (text === '') return { pre: [], commits: 0 };
  const described = DESCRIBE.exec(text)?.[1];
  const commits = described === undefined ? undefined : toComponent(described);
  if (commits !== undefined) return { pre: [], commits };
  if (!text.startsWith('-')) return undefined;
  const pre = text.slice(1).split('.').map(toIdentifier);
  return isComplete(pre) ? { pre, commits: 0 } : undefined;
};

/**
 * Parses a firmware version; `undefined` for anything outside this grammar (ABNF, RFC 5234; literals are case-sensitive):
 *
 * ```text
 * version    = [ "v" ] core [ describe / pre ] [ "+" build ]     ; at most 32 bytes altogether, ASCII only
 * core       = number *3( "." number )                           ; 1 to 4 components, each <= 4294967295; missing ones are 0
 * describe   = "-" number "-g" 4*40LHEX [ "-dirty" ]             ; number <= 4294967295
 * pre        = "-" identifier *( "." identifier )
 * identifier = number                                            ; only digits: numeric, <= 4294967295
 *            / 1*( ALPHA / DIGIT / "-" )                         ; with at least one non-digit: alphanumeric
 * build      = 1*( ALPHA / DIGIT / "-" ) *( "." 1*( ALPHA / DIGIT / "-" ) )   ; ignored, leading zeros allowed
 * number     = "0" / ( %x31-39 *DIGIT )                          ; no leading zeros
 * LHEX       = DIGIT / %x61-66                                   ; lower case
 * ```
 *
 * How to read it, step by step (a twin in another language follows the same steps):
 *
 * 1. More than 32 bytes, or nothing: no version. A byte outside the grammar (white space, NUL, any non-ASCII byte): no version.
 * 2. Skip one `v`. Read the core greedily: up to four numbers joined by dots. A fifth component, a leading zero, a number
 *    above 4294967295 or a trailing dot: no version.
 * 3. The *first* `+` in the text starts the build part. It must match `build`, and is then ignored.
 * 4. What lies between core and `+` (or the end) is the suffix. Empty: a release, `commits` 0.
 * 5. The suffix is tried as `describe` first, and must match it *as a whole*. Then `commits` is its number; hash and
 *    `-dirty` are ignored.
 * 6. Otherwise it is tried as `pre`. An empty identifier, or a numeric one with a leading zero or above 4294967295: no version.
 *
 * Consequences worth knowing:
 * - `1.2.0-dirty`, `1.2.0-rc.1-dirty`: `pre` (`dirty`; `rc`, `1-dirty`), so lower than the release.
 * - `1.2.0-0-gabcd`: `describe` with `commits` 0, the same version as `1.2.0`.
 * - Near misses of `describe` are `pre`, hence *lower* than the tag: `1.2.0-3-gABCD` (upper case), `1.2.0-3-gab` (three or
 *   fewer digits), `1.2.0-03-gabcd` (leading zero), `1.2.0-4294967296-gabcd`.
 * - `git describe` on a pre-release tag, `1.2.0-rc.1-3-gabcd`, is `pre` with the identifiers `rc` and `1-3-gabcd`. It is
 *   higher than `1.2.0-rc.1`, lower than `1.2.0`, and (alphanumeric above numeric) higher than *every* `1.2.0-rc.<number>`.
 */
export const parseVersion = (text: string): FirmwareVersion | undefined => {
  if (text.length > MAX_VERSION_BYTES) return undefined;
  const plus = text.indexOf('+');
  const main = plus === -1 ? text : text.slice(0, plus);
  if (plus !== -1 && !BUILD.test(text.slice(plus + 1))) return undefined;
  const matched = CORE.exec(main);
  const components = matched?.[1]?.split('.').map(toComponent);
  if (matched === null || components === undefined || !isComplete(components)) return undefined;
  const suffix = parseSuffix(main.slice(matched[0].length));
  if (suffix === undefined) return undefined;
  const [a = 0, b = 0, c = 0, d = 0] = components;
  return Object.freeze({
    text,
    core: Object.freeze([a, b, c, d] as const),
    pre: Object.freeze(suffix.pre),
    commits: suffix.commits,
  });
};

const sign = (a: number, b: number): -1 | 0 | 1 => {
  if (a === b) return 0;
  return a < b ? -1 : 1;
};

const compareIdentifiers = (a: number | string, b: number | string): -1 | 0 | 1 => {
  if (typeof a === 'number') return typeof b === 'number' ? sign(a, b) : -1;
  if (typeof b === 'number') return 1;
  if (a === b) return 0;
  return a < b ? -1 : 1;
};

const comparePre = (a: readonly (number | string)[], b: readonly (number | string)[]): -1 | 0 | 1 => {
  if (a.length === 0 || b.length === 0) return sign(Math.min(b.length, 1), Math.min(a.length, 1));
  for (const [index, left] of a.entries()) {
    const right = b[index];
    if (right === undefined) return 1;
    const order = compareIdentifiers(left, right);
    if (order !== 0) return order;
  }
  return sign(a.length, b.length);
};

/**
 * -1 when `a` is lower, 1 when it is higher, 0 when both are the same version. A total order:
 *
 * 1. the four core components as numbers;
 * 2. any pre-release below the release;
 * 3. two pre-releases by semver 2.0.0 clause 11: identifier by identifier; numeric ones as numbers, alphanumeric ones by
 *    ASCII, numeric below alphanumeric; if all are equal, the one with fewer identifiers is lower;
 * 4. two non-pre-releases by `commits` (a plain release has 0).
 *
 * So `1.2.0-rc.1 < 1.2.0 < 1.2.0-3-gabcd < 1.2.1-rc.1`. Leading `v`, missing zeros, build, hash and `-dirty` do not count.
 */
export const compareVersions = (a: FirmwareVersion, b: FirmwareVersion): -1 | 0 | 1 => {
  for (const [index, component] of a.core.entries()) {
    const order = sign(component, b.core[index] ?? 0);
    if (order !== 0) return order;
  }
  const pre = comparePre(a.pre, b.pre);
  return pre === 0 ? sign(a.commits, b.commits) : pre;
};
