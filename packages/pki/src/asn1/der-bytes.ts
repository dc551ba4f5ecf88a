import { PkiError } from '../errors.js';

/**
 * DER as bytes, for the few structures that are written and read thousands of times a second. Everything else goes
 * through `der.ts`, whose trees of objects cost twenty times as much.
 */
export const TAG = {
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  utf8String: 0x0c,
  printableString: 0x13,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
  explicit0: 0xa0,
  explicit3: 0xa3,
} as const;

const octetsOf = (length: number): number => (length < 0x80 ? 0 : Math.ceil((32 - Math.clz32(length)) / 8));

/** Wraps content in a tag of one octet and a minimal definite length. */
export function wrap(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  let length = 0;
  for (const part of parts) length += part.length;
  const octets = octetsOf(length);
  const bytes = Buffer.allocUnsafe(2 + octets + length);
  bytes[0] = tag;
  bytes[1] = octets === 0 ? length : 0x80 | octets;
  if (octets > 0) bytes.writeUIntBE(length, 2, octets);
  let at = 2 + octets;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** An INTEGER from big-endian bytes of a non-negative number: minimal, with a sign octet where DER wants one. */
export function wrapUnsigned(bytes: Uint8Array): Buffer {
  let start = 0;
  while (start < bytes.length - 1 && bytes[start] === 0) start += 1;
  const digits = bytes.subarray(start);
  return wrap(TAG.integer, Buffer.alloc((digits[0] ?? 0x80) >= 0x80 ? 1 : 0), digits);
}

/** RFC 5280 4.1.2.5. Gate the date with `checkDate` first. */
export function wrapTime(date: Date): Buffer {
  // 2030-01-02T03:04:05.000Z
  const digits = date.toISOString().replace(/[-T:]|\..*/g, '');
  const short = date.getUTCFullYear() < 2050;
  return wrap(short ? TAG.utcTime : TAG.generalizedTime, Buffer.from(`${short ? digits.slice(2) : digits}Z`, 'latin1'));
}

const malformed = (what: string): PkiError => new PkiError('ERR_PKI_CERTIFICATE', `malformed structure: ${what}`);

/** Takes DER values in order. Strict: definite and minimal lengths, the tags that are asked for. */
export class DerCursor {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** The content octets of the next value. @throws PkiError `ERR_PKI_CERTIFICATE` */
  content(tag: number): Buffer {
    const start = this.#pass(tag);
    return this.#bytes.subarray(start, this.#at);
  }

  /** Tag, length and content of the next value. @throws PkiError `ERR_PKI_CERTIFICATE` */
  whole(tag: number): Buffer {
    const start = this.#at;
    this.#pass(tag);
    return this.#bytes.subarray(start, this.#at);
  }

  /** A cursor over the members of the next value. @throws PkiError `ERR_PKI_CERTIFICATE` */
  members(tag: number): DerCursor {
    return new DerCursor(this.content(tag));
  }

  /** The tag of the next value, or undefined at the end. */
  get tag(): number | undefined {
    return this.#bytes[this.#at];
  }

  /** @throws PkiError `ERR_PKI_CERTIFICATE` when something is left */
  end(): void {
    if (this.#at < this.#bytes.length) throw malformed('something is left over');
  }

  #pass(tag: number): number {
    const bytes = this.#bytes;
    const first = bytes[this.#at + 1];
    if (bytes[this.#at] !== tag || first === undefined) throw malformed(`expected tag ${tag}`);
    const octets = first < 0x80 ? 0 : first & 0x7f;
    const contentStart = this.#at + 2 + octets;
    if (first === 0x80 || octets > 4 || contentStart > bytes.length) throw malformed('a length');
    const length = octets === 0 ? first : bytes.readUIntBE(this.#at + 2, octets);
    if (octetsOf(length) !== octets || contentStart + length > bytes.length) throw malformed('a length');
    this.#at = contentStart + length;
    return contentStart;
  }
}
