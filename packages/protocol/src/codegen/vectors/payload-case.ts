import { encodeUtf8, utf8Length } from '../../utf8.js';

/** A payload with what the contract is meant to say of it; what it says is for its codec to tell. */
export interface PayloadCase {
  /** Field and what is special about it, unique within a payload. */
  readonly name: string;
  readonly bytes: Uint8Array;
  /** The case has no fault; otherwise it has exactly one. */
  readonly accepted: boolean;
}

/** A way to write one value, as text: of the value itself, or a JSON token. */
export interface Spelling {
  readonly what: string;
  readonly text: string;
  readonly accepted: boolean;
}

export const good = (what: string, text: string): Spelling => ({ what, text, accepted: true });
export const bad = (what: string, text: string): Spelling => ({ what, text, accepted: false });

/** Lets each aspect of the language be tried in one place of a payload only. */
export class Once {
  readonly #seen = new Set<string>();

  first(aspect: string): boolean {
    return this.#seen.size !== this.#seen.add(aspect).size;
  }
}

/** Sequences that are not UTF-8 (RFC 3629). */
export const NOT_UTF8: readonly (readonly [what: string, bytes: readonly number[]])[] = [
  ['a continuation byte alone', [0x80]],
  ['a sequence cut short', [0xc3]],
  ['a character of two bytes spelled in three', [0xe0, 0x80, 0xaf]],
  ['NUL spelled in two bytes', [0xc0, 0x80]],
  ['a surrogate in UTF-8', [0xed, 0xa0, 0x80]],
  ['a character above U+10FFFF', [0xf4, 0x90, 0x80, 0x80]],
  ['a byte that UTF-8 never has', [0xff]],
];

/** The text with bytes in place of its first `mark`. */
export function withBytes(text: string, mark: string, bytes: readonly number[]): Uint8Array {
  const [before = '', ...after] = text.split(mark);
  return Uint8Array.from([...encodeUtf8(before), ...bytes, ...encodeUtf8(after.join(mark))]);
}

/** `text` with `filler` repeated behind it, as long as the whole is at most `bytes` long. */
export const padded = (text: string, filler: string, bytes: number): string =>
  text + filler.repeat(Math.max(0, Math.floor((bytes - utf8Length(text)) / utf8Length(filler))));
