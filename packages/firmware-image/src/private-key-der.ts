import { viewOf } from './bytes.js';
import { readChildren, readTlv, TAG, type Tlv } from './der.js';

/**
 * How a private key is written. `sec1` (EC), `pkcs1` (RSA) and `pkcs8` are open; `pkcs8-encrypted` and `pem-encrypted`
 * need a passphrase; `openssh` may be either.
 */
export type PrivateKeyFormat = 'sec1' | 'pkcs1' | 'pkcs8' | 'pkcs8-encrypted' | 'openssh' | 'pem-encrypted';

const MIN_SCALAR_BYTES = 16;
const MAX_SCALAR_BYTES = 66;

const lengthOf = (tlv: Tlv): number => tlv.end - tlv.start;

const smallInteger = (bytes: Uint8Array, tlv: Tlv | undefined): number | undefined =>
  tlv?.tag === TAG.integer && lengthOf(tlv) === 1 ? viewOf(bytes).getUint8(tlv.start) : undefined;

/** RFC 5915: SEQUENCE { 1, OCTET STRING scalar, [0] curve?, [1] public key? }; a bare scalar alone proves too little. */
const isSec1 = (bytes: Uint8Array, [version, scalar, ...rest]: readonly Tlv[], insidePkcs8: boolean): boolean => {
  if (smallInteger(bytes, version) !== 1 || scalar?.tag !== TAG.octetString) return false;
  const length = lengthOf(scalar);
  if (length < MIN_SCALAR_BYTES || length > MAX_SCALAR_BYTES) return false;
  if (rest.length === 0) return insidePkcs8;
  return rest.length <= 2 && rest.every(({ tag }) => tag === TAG.context0 || tag === TAG.context1);
};

/** RFC 8017: SEQUENCE { 0, n, e, d, p, q, dP, dQ, qInv }; the bounds keep tables of small numbers out. */
const isPkcs1 = (bytes: Uint8Array, children: readonly Tlv[]): boolean => {
  const [version, modulus] = children;
  return (
    children.length === 9 &&
    children.every(({ tag }) => tag === TAG.integer) &&
    smallInteger(bytes, version) === 0 &&
    modulus !== undefined &&
    lengthOf(modulus) >= 64
  );
};

/** RFC 5958: SEQUENCE { 0 or 1, SEQUENCE { OID, … }, OCTET STRING key, … } with a key inside that parses. */
const isPkcs8 = (bytes: Uint8Array, [version, algorithm, key, ...rest]: readonly Tlv[]): boolean => {
  const number = smallInteger(bytes, version);
  if (number !== 0 && number !== 1) return false;
  if (algorithm?.tag !== TAG.sequence || key?.tag !== TAG.octetString || rest.length > 2) return false;
  if (readChildren(bytes, algorithm)?.[0]?.tag !== TAG.oid) return false;
  const inner = readTlv(bytes, key.start, key.end);
  if (inner === undefined || inner.end !== key.end) return false;
  // Ed25519, X25519, Ed448, X448 (RFC 8410): a bare octet string.
  if (inner.tag === TAG.octetString) return lengthOf(inner) >= 32 && lengthOf(inner) <= 57;
  if (inner.tag !== TAG.sequence) return false;
  const children = readChildren(bytes, inner);
  return children !== undefined && (isSec1(bytes, children, true) || isPkcs1(bytes, children));
};

/** The format of the private key whose DER begins at `offset`, or `undefined` when there is none. */
export const privateKeyAt = (
  bytes: Uint8Array,
  offset: number,
): { readonly format: PrivateKeyFormat; readonly end: number } | undefined => {
  const outer = readTlv(bytes, offset, bytes.length);
  if (outer?.tag !== TAG.sequence) return undefined;
  const children = readChildren(bytes, outer);
  if (children === undefined) return undefined;
  const { end } = outer;
  if (isSec1(bytes, children, false)) return { format: 'sec1', end };
  if (isPkcs1(bytes, children)) return { format: 'pkcs1', end };
  return isPkcs8(bytes, children) ? { format: 'pkcs8', end } : undefined;
};

/** RFC 5958 EncryptedPrivateKeyInfo: SEQUENCE { SEQUENCE { OID, … }, OCTET STRING }. */
export const isEncryptedPkcs8 = (bytes: Uint8Array): boolean => {
  const outer = readTlv(bytes, 0, bytes.length);
  if (outer?.tag !== TAG.sequence) return false;
  const [algorithm, data, ...rest] = readChildren(bytes, outer) ?? [];
  if (algorithm?.tag !== TAG.sequence || data?.tag !== TAG.octetString || rest.length > 0) return false;
  return readChildren(bytes, algorithm)?.[0]?.tag === TAG.oid && lengthOf(data) >= 32;
};
