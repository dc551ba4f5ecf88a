/** A little-endian view of the same memory; the rest of the package never indexes raw bytes. */
export const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

export const toHex = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

/** A reversed copy: signature sectors store every big number little-endian, all libraries want big-endian. */
export const reversed = (bytes: Uint8Array): Uint8Array => Uint8Array.from(bytes).reverse();

export const concatBytes = (...parts: readonly Uint8Array[]): Uint8Array => {
  const result = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    result.set(part, offset);
    offset += part.length;
  }
  return result;
};

export const equalBytes = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, index) => byte === b[index]);

export const isFilledWith = (bytes: Uint8Array, value: number): boolean => bytes.every((byte) => byte === value);

/** The next multiple of `step` (a power of two), in doubles: no 32-bit overflow. */
export const alignUp = (value: number, step: number): number => Math.ceil(value / step) * step;

export const toBigInt = (bigEndian: Uint8Array): bigint => BigInt(`0x${toHex(bigEndian) || '0'}`);

/** `value` as `length` little-endian bytes; higher bytes are dropped. */
export const toLittleEndian = (value: bigint, length: number): Uint8Array => {
  const result = new Uint8Array(length);
  let rest = value;
  for (let index = 0; index < length; index += 1) {
    result[index] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  return result;
};

/** Base64url without padding, as JWK wants it. */
export const toBase64Url = (bytes: Uint8Array): string =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');

/** Standard or URL-safe base64 without white space; `undefined` when it is not that. */
export const fromBase64 = (text: string): Uint8Array | undefined => {
  const standard = text.replaceAll('-', '+').replaceAll('_', '/').replace(/=+$/, '');
  if (!/^[A-Za-z0-9+/]*$/.test(standard) || standard.length % 4 === 1) return undefined;
  return Uint8Array.from(atob(standard), (character) => character.charCodeAt(0));
};
