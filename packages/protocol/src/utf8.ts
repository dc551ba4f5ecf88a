const encoder = new TextEncoder();

/** One for all, for making it costs more than a payload: without `stream` every call starts anew, even after one that threw. */
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Length of `text` on the wire, in bytes. Nearly all text is ASCII, and needs no encoding to be measured. */
export function utf8Length(text: string): number {
  for (let at = 0; at < text.length; at++) {
    if (text.charCodeAt(at) > 0x7f) return encoder.encode(text).length;
  }
  return text.length;
}

/**
 * The bytes of `text`, in a buffer of their own. A pool for many payloads would take half the time, but then `.buffer`
 * would show one caller what another has sent, and who transfers it would empty payloads that still wait to be sent.
 */
export const encodeUtf8 = (text: string): Uint8Array => encoder.encode(text);

/** Strict decode: `undefined` for anything that is not well-formed UTF-8. A byte order mark is kept as a character. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

/** True if `text` holds NUL or a lone surrogate, neither of which a C string or UTF-8 can carry. */
export const hasUnencodable = (text: string): boolean => text.includes('\u0000') || !text.isWellFormed();
