const encoder = new TextEncoder();

/** Length of `text` on the wire, in bytes. */
export const utf8Length = (text: string): number => encoder.encode(text).length;

export const encodeUtf8 = (text: string): Uint8Array => encoder.encode(text);

/** Strict decode: `undefined` for anything that is not well-formed UTF-8. A byte order mark is kept as a character. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** True if `text` holds NUL or a lone surrogate, neither of which a C string or UTF-8 can carry. */
export const hasUnencodable = (text: string): boolean => text.includes('\u0000') || !text.isWellFormed();
