import { PkiError } from '../errors.js';

/** One DER value: its tag octet and where its content lies. */
export interface Tlv {
  readonly tag: number;
  readonly content: Buffer;
  /** tag, length and content */
  readonly bytes: Buffer;
}

const malformed = (what: string): PkiError =>
  new PkiError('ERR_PKI_CRL', `the revocation list is not a DER structure: ${what}`);

/**
 * The values that lie one after the other in `bytes`. A reader of its own, because a revocation list may be far longer
 * than the tree of objects that node-forge would make of it should be. Strict: one-octet tags, definite and minimal
 * lengths, nothing left over.
 *
 * @throws PkiError `ERR_PKI_CRL`
 */
export function* readTlvs(bytes: Buffer): Generator<Tlv, void> {
  for (let start = 0; start < bytes.length;) {
    const tag = bytes[start] ?? 0;
    if ((tag & 0x1f) === 0x1f) throw malformed('a tag of several octets');
    const first = bytes[start + 1];
    if (first === undefined) throw malformed('it ends within a length');
    const lengthOctets = first < 0x80 ? 0 : first & 0x7f;
    const contentStart = start + 2 + lengthOctets;
    if (lengthOctets > 4 || first === 0x80 || contentStart > bytes.length) throw malformed('a length of that form');
    const length = lengthOctets === 0 ? first : bytes.readUIntBE(start + 2, lengthOctets);
    const shortest = length < 0x80 ? 0 : Math.ceil((32 - Math.clz32(length)) / 8);
    if (shortest !== lengthOctets) throw malformed('a length that is not minimal');
    const end = contentStart + length;
    if (end > bytes.length) throw malformed('a length beyond its end');
    yield { tag, content: bytes.subarray(contentStart, end), bytes: bytes.subarray(start, end) };
    start = end;
  }
}

/** Takes the members of a structure in order. */
export class TlvReader {
  readonly #items: Tlv[];
  #next = 0;

  constructor(bytes: Buffer) {
    this.#items = [...readTlvs(bytes)];
  }

  /** The next member when it has this tag. */
  optional(tag: number): Tlv | undefined {
    const item = this.#items[this.#next];
    if (item?.tag !== tag) return undefined;
    this.#next += 1;
    return item;
  }

  /** @throws PkiError `ERR_PKI_CRL` */
  required(tag: number, what: string): Tlv {
    const item = this.optional(tag);
    if (item === undefined) throw malformed(`${what} is missing`);
    return item;
  }

  /** @throws PkiError `ERR_PKI_CRL` when members are left */
  end(what: string): void {
    if (this.#next < this.#items.length) throw malformed(`unexpected members in ${what}`);
  }
}

/** Wraps content in a tag and a minimal definite length. */
export function writeTlv(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  if (length < 0x80) return Buffer.concat([Buffer.of(tag, length), content]);
  const octets = Math.ceil((32 - Math.clz32(length)) / 8);
  const header = Buffer.alloc(2 + octets);
  header.writeUInt8(tag, 0);
  header.writeUInt8(0x80 | octets, 1);
  header.writeUIntBE(length, 2, octets);
  return Buffer.concat([header, content]);
}
