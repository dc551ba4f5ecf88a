import { fromBase64, viewOf } from './bytes.js';
import { TAG } from './der.js';
import { isEncryptedPkcs8, privateKeyAt, type PrivateKeyFormat } from './private-key-der.js';

/** A private key inside a file; never the key itself. */
export interface FoundPrivateKey {
  /** Where it begins in the file, bytes. */
  readonly offset: number;
  readonly format: PrivateKeyFormat;
  readonly encoding: 'pem' | 'der';
}

const BEGIN = '-----BEGIN ';
const LABEL_END = 'PRIVATE KEY-----';
const END = '-----END ';
const DASHES = '-----';
const MAX_LABEL_BYTES = 48;
const MIN_KEY_BYTES = 24;
const MAX_PEM_BYTES = 16 * 1024;
const OPENSSH_MAGIC = 'openssh-key-v1\0';

const toAscii = (bytes: Uint8Array): string => {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
};

const startsWith = (bytes: Uint8Array, at: number, text: string): boolean => {
  for (let index = 0; index < text.length; index += 1) {
    if (bytes[at + index] !== text.charCodeAt(index)) return false;
  }
  return true;
};

const indexOfText = (bytes: Uint8Array, text: string, from: number): number => {
  let at = bytes.indexOf(text.charCodeAt(0), from);
  while (at !== -1 && !startsWith(bytes, at, text)) at = bytes.indexOf(text.charCodeAt(0), at + 1);
  return at;
};

const formatOfBody = (body: string): PrivateKeyFormat | undefined => {
  // PEM inside JSON or C source has its line ends escaped.
  const lines = body.replaceAll(/\\[nrt]/g, '\n');
  const headers = /^\s*(?:[A-Za-z0-9-]+: [^\n]*\n)+\s*\n/.exec(lines)?.[0] ?? '';
  const der = fromBase64(lines.slice(headers.length).replaceAll(/[\s\\"',]/g, ''));
  if (der === undefined || der.length < MIN_KEY_BYTES) return undefined;
  if (headers.includes('ENCRYPTED')) return 'pem-encrypted';
  const plain = privateKeyAt(der, 0);
  if (plain !== undefined) return plain.format;
  if (isEncryptedPkcs8(der)) return 'pkcs8-encrypted';
  return toAscii(der.subarray(0, OPENSSH_MAGIC.length)) === OPENSSH_MAGIC ? 'openssh' : undefined;
};

function* scanPem(bytes: Uint8Array): Generator<FoundPrivateKey> {
  for (let at = indexOfText(bytes, BEGIN, 0); at !== -1; at = indexOfText(bytes, BEGIN, at + BEGIN.length)) {
    const label = indexOfText(bytes.subarray(0, at + MAX_LABEL_BYTES), LABEL_END, at + BEGIN.length);
    if (label === -1) continue;
    const start = label + LABEL_END.length;
    // Only up to the next row of dashes: many BEGIN lines in a row must not cost more than one pass.
    const end = indexOfText(bytes.subarray(0, start + MAX_PEM_BYTES), DASHES, start);
    if (end === -1 || !startsWith(bytes, end, END)) continue;
    const format = formatOfBody(toAscii(bytes.subarray(start, end)));
    if (format !== undefined) yield { offset: at, format, encoding: 'pem' };
  }
}

/** True when the bytes after a SEQUENCE header are `INTEGER 0` or `INTEGER 1`: rules out nearly every 0x30 at once. */
const looksLikeKey = (view: DataView, offset: number): boolean => {
  const lengthByte = view.getUint8(offset + 1);
  const value = offset + 2 + (lengthByte > 0x80 ? lengthByte - 0x80 : 0);
  if (lengthByte > 0x83 || value + 3 > view.byteLength) return false;
  return view.getUint8(value) === TAG.integer && view.getUint8(value + 1) === 1 && view.getUint8(value + 2) <= 1;
};

function* scanDer(bytes: Uint8Array): Generator<FoundPrivateKey> {
  const view = viewOf(bytes);
  let at = bytes.indexOf(TAG.sequence);
  while (at !== -1 && bytes.length - at >= MIN_KEY_BYTES) {
    const found = looksLikeKey(view, at) ? privateKeyAt(bytes, at) : undefined;
    if (found !== undefined) yield { offset: at, format: found.format, encoding: 'der' };
    at = bytes.indexOf(TAG.sequence, found?.end ?? at + 1);
  }
}

/**
 * Finds private keys that really decode: PEM blocks (PKCS#8, SEC1, PKCS#1, OpenSSH, encrypted ones too) and bare DER
 * (PKCS#8, SEC1, PKCS#1). The label strings of a TLS library (`-----BEGIN EC PRIVATE KEY-----` with no key behind it) are
 * not keys. Not found: keys that are compressed, encrypted by other means, or stored as bare numbers.
 */
export const findPrivateKeys = (bytes: Uint8Array): readonly FoundPrivateKey[] => [
  ...scanPem(bytes),
  ...scanDer(bytes),
];

/** True when {@link findPrivateKeys} finds one: the reason why an upload is refused and {@link signImage} does not sign. */
export const containsPrivateKey = (bytes: Uint8Array): boolean =>
  [scanPem(bytes), scanDer(bytes)].some((scan) => scan.next().done !== true);
