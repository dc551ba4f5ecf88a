import forge from 'node-forge';
import { PkiError } from '../errors.js';

const { asn1 } = forge;
const { Class, Type } = asn1;

/** A node of a DER tree; primitive values are node-forge "binary strings" (one character per byte). */
export type DerNode = forge.asn1.Asn1;

const MAX_DER_BYTES = 65_536;
const MAX_DEPTH = 32;

// the published types only know universal tags
const create: (tagClass: number, tag: number, constructed: boolean, value: string | DerNode[]) => DerNode = asn1.create;

const binary = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

const primitive = (type: forge.asn1.Type, value: string): DerNode => create(Class.UNIVERSAL, type, false, value);

export const sequence = (...items: DerNode[]): DerNode => create(Class.UNIVERSAL, Type.SEQUENCE, true, items);
export const set = (...items: DerNode[]): DerNode => create(Class.UNIVERSAL, Type.SET, true, items);
export const nullValue = (): DerNode => primitive(Type.NULL, '');
export const boolean = (value: boolean): DerNode => primitive(Type.BOOLEAN, value ? '\xff' : '\0');
export const oid = (dotted: string): DerNode => primitive(Type.OID, asn1.oidToDer(dotted).getBytes());
export const octetString = (bytes: Uint8Array): DerNode => primitive(Type.OCTETSTRING, binary(bytes));
export const utf8String = (text: string): DerNode => primitive(Type.UTF8, binary(Buffer.from(text, 'utf8')));
export const printableString = (text: string): DerNode => primitive(Type.PRINTABLESTRING, text);
/** UTF-16 in fact, as OpenSSL, Java and Windows read it; node-forge makes two octets of each unit by itself. */
export const bmpString = (text: string): DerNode => primitive(Type.BMPSTRING, text);

/** An INTEGER from big-endian bytes of a non-negative number: minimal, with a sign octet where DER wants one. */
export function unsignedInteger(bytes: Uint8Array): DerNode {
  let start = 0;
  while (start < bytes.length - 1 && bytes[start] === 0) start += 1;
  const digits = binary(bytes.subarray(start));
  const first = bytes[start] ?? 0;
  return primitive(Type.INTEGER, first >= 0x80 || digits === '' ? `\0${digits}` : digits);
}

/** An INTEGER of any size; node-forge's own helper stops at 32 bits, CRL numbers do not. */
export function integer(value: number | bigint): DerNode {
  const hex = BigInt(value).toString(16);
  return unsignedInteger(Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex'));
}

export const bitString = (bytes: Uint8Array, unusedBits = 0): DerNode =>
  primitive(Type.BITSTRING, String.fromCharCode(unusedBits) + binary(bytes));

/** `[tag] EXPLICIT`, or `[tag] IMPLICIT` of a constructed type. */
export const context = (tag: number, ...items: DerNode[]): DerNode => create(Class.CONTEXT_SPECIFIC, tag, true, items);

/** `[tag] IMPLICIT` of a primitive type. */
export const contextPrimitive = (tag: number, bytes: Uint8Array): DerNode =>
  create(Class.CONTEXT_SPECIFIC, tag, false, binary(bytes));

/**
 * RFC 5280 4.1.2.5: UTCTime through 2049, GeneralizedTime from 2050, whole seconds.
 * Gate the date with `checkDate` first: node-forge writes the year 10000 and `NaN` without complaint.
 */
export function time(date: Date): DerNode {
  const year = date.getUTCFullYear();
  return year < 2050
    ? primitive(Type.UTCTIME, asn1.dateToUtcTime(date))
    : primitive(Type.GENERALIZEDTIME, asn1.dateToGeneralizedTime(date));
}

export const encodeDer = (node: DerNode): Buffer => Buffer.from(asn1.toDer(node).getBytes(), 'latin1');

interface FromDerOptions {
  strict: boolean;
  parseAllBytes: boolean;
  decodeBitStrings: boolean;
  maxDepth: number;
}
// the published types still show the older boolean parameter
const fromDer = asn1.fromDer as unknown as (bytes: string, options: FromDerOptions) => DerNode;

/**
 * Strict DER: node-forge reads BER, so the tree is encoded again and compared with the input. BIT STRINGs stay opaque
 * (an EC point starts with 0x04 and can look like an OCTET STRING).
 *
 * @throws PkiError `ERR_PKI_CERTIFICATE`
 */
export function decodeDer(der: Buffer): DerNode {
  if (der.length > MAX_DER_BYTES) {
    throw new PkiError('ERR_PKI_CERTIFICATE', `the DER structure is longer than ${MAX_DER_BYTES} bytes`);
  }
  let node: DerNode;
  try {
    node = fromDer(binary(der), { strict: true, parseAllBytes: true, decodeBitStrings: false, maxDepth: MAX_DEPTH });
  } catch (cause) {
    throw new PkiError('ERR_PKI_CERTIFICATE', 'not a DER structure', { cause });
  }
  if (!encodeDer(node).equals(der)) throw new PkiError('ERR_PKI_CERTIFICATE', 'the structure is BER, not DER');
  return node;
}

const malformed = (what: string): PkiError => new PkiError('ERR_PKI_CERTIFICATE', `malformed structure: ${what}`);

/** The members of a constructed node, after its tag was checked. */
export function children(node: DerNode | undefined, type: number, tagClass: number = Class.UNIVERSAL): DerNode[] {
  if (
    (node?.type as number | undefined) !== type ||
    (node?.tagClass as number | undefined) !== tagClass ||
    !Array.isArray(node?.value)
  ) {
    throw malformed(`expected constructed tag ${type}`);
  }
  return node.value;
}

export const sequenceItems = (node: DerNode | undefined): DerNode[] => children(node, Type.SEQUENCE);
export const setItems = (node: DerNode | undefined): DerNode[] => children(node, Type.SET);

/** The content octets of a primitive node, after its tag was checked. */
export function content(node: DerNode | undefined, type: number): Buffer {
  const matches = (node?.type as number | undefined) === type && node?.tagClass === Class.UNIVERSAL;
  if (!matches || typeof node.value !== 'string') {
    throw malformed(`expected primitive tag ${type}`);
  }
  return Buffer.from(node.value, 'latin1');
}

/** Dotted form. @throws PkiError `ERR_PKI_CERTIFICATE` */
export function oidText(node: DerNode | undefined): string {
  const bytes = content(node, Type.OID).toString('latin1');
  try {
    return asn1.derToOid(bytes);
  } catch (cause) {
    throw new PkiError('ERR_PKI_CERTIFICATE', 'malformed structure: an object identifier', { cause });
  }
}

const TIME = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/;

/**
 * RFC 5280 4.1.2.5: UTCTime (years 1950 to 2049) or GeneralizedTime, whole seconds, in UTC, and a date of the calendar.
 *
 * @throws PkiError `ERR_PKI_CERTIFICATE`
 */
export function decodeTime(node: DerNode | undefined): Date {
  const short = node?.type === Type.UTCTIME;
  return readTime(content(node, short ? Type.UTCTIME : Type.GENERALIZEDTIME).toString('latin1'), short);
}

/** The same of the text of a UTCTime (`short`) or GeneralizedTime. @throws PkiError `ERR_PKI_CERTIFICATE` */
export function readTime(text: string, short: boolean): Date {
  const match = TIME.exec(short ? (text < '50' ? '20' : '19') + text : text);
  if (!match) throw malformed('a time');
  const [year = 0, month = 0, day = 0, hours = 0, minutes = 0, seconds = 0] = match.slice(1).map(Number);
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(hours, minutes, seconds);
  if (date.toISOString().replace(/[-:T]|\.000/g, '') !== match[0]) throw malformed('a time');
  return date;
}

export { Class as DerClass, Type as DerType };
