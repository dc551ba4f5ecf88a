/**
 * Constant DER frames around a P-256 key. `createECDH` plus these frames makes keys several times faster than a
 * `KeyObject` export, and byte for byte what OpenSSL writes.
 */
const SCALAR_BYTES = 32;
const POINT_BYTES = 65;

const SPKI_HEAD = Buffer.from('3059301306072a8648ce3d020106082a8648ce3d030107034200', 'hex');
const PKCS8_HEAD = Buffer.from('308187020100301306072a8648ce3d020106082a8648ce3d030107046d306b0201010420', 'hex');
const PKCS8_POINT_HEAD = Buffer.from('a144034200', 'hex');
const SEC1_HEAD = Buffer.from('30770201010420', 'hex');
const SEC1_POINT_HEAD = Buffer.from('a00a06082a8648ce3d030107a144034200', 'hex');

/** A P-256 key as raw numbers; the scalar may have lost its leading zeros (`ECDH.getPrivateKey` drops them). */
export interface P256Key {
  scalar: Buffer;
  /** uncompressed point, 65 bytes */
  point: Buffer;
}

function padded(scalar: Buffer): Buffer {
  if (scalar.length > SCALAR_BYTES) throw new RangeError(`a P-256 scalar has at most ${SCALAR_BYTES} bytes`);
  return Buffer.concat([Buffer.alloc(SCALAR_BYTES - scalar.length), scalar]);
}

function checked(point: Buffer): Buffer {
  if (point.length !== POINT_BYTES || point[0] !== 4) throw new RangeError('a P-256 point is 65 bytes, uncompressed');
  return point;
}

export const p256Spki = ({ point }: Pick<P256Key, 'point'>): Buffer => Buffer.concat([SPKI_HEAD, checked(point)]);

export const p256Pkcs8 = ({ scalar, point }: P256Key): Buffer =>
  Buffer.concat([PKCS8_HEAD, padded(scalar), PKCS8_POINT_HEAD, checked(point)]);

export const p256Sec1 = ({ scalar, point }: P256Key): Buffer =>
  Buffer.concat([SEC1_HEAD, padded(scalar), SEC1_POINT_HEAD, checked(point)]);

/** The point of a key in exactly the frames above, else undefined. */
export const p256PointOfSpki = (spki: Buffer): Buffer | undefined => framed(spki, SPKI_HEAD.length, [[0, SPKI_HEAD]]);

export const p256PointOfPkcs8 = (pkcs8: Buffer): Buffer | undefined => {
  const pointHeadAt = PKCS8_HEAD.length + SCALAR_BYTES;
  return framed(pkcs8, pointHeadAt + PKCS8_POINT_HEAD.length, [
    [0, PKCS8_HEAD],
    [pointHeadAt, PKCS8_POINT_HEAD],
  ]);
};

function framed(der: Buffer, pointAt: number, frames: readonly (readonly [number, Buffer])[]): Buffer | undefined {
  const whole = der.length === pointAt + POINT_BYTES && der[pointAt] === 4;
  const same = whole && frames.every(([at, head]) => der.subarray(at, at + head.length).equals(head));
  return same ? der.subarray(pointAt) : undefined;
}
