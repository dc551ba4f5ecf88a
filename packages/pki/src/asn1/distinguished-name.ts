import { PkiError } from '../errors.js';
import { decodeDer, type DerNode, DerType, encodeDer, oid, oidText, sequenceItems, setItems } from './der.js';
import { TAG, wrap } from './der-bytes.js';

/** A distinguished name; fields are written in this order. */
export interface Subject {
  /** two-letter country code */
  C?: string;
  ST?: string;
  L?: string;
  O?: string;
  OU?: string;
  CN?: string;
}

interface Attribute {
  oid: string;
  maxCharacters: number;
}

/** Upper bounds of RFC 5280 appendix A.1, in characters. */
const ATTRIBUTES = {
  C: { oid: '2.5.4.6', maxCharacters: 2 },
  ST: { oid: '2.5.4.8', maxCharacters: 128 },
  L: { oid: '2.5.4.7', maxCharacters: 128 },
  O: { oid: '2.5.4.10', maxCharacters: 64 },
  OU: { oid: '2.5.4.11', maxCharacters: 64 },
  CN: { oid: '2.5.4.3', maxCharacters: 64 },
} as const satisfies Record<keyof Subject, Attribute>;

const FIELDS = Object.keys(ATTRIBUTES) as (keyof Subject)[];
/** Which field of {@link Subject} an attribute type is, if any. */
export const fieldOfAttribute = (dotted: string): keyof Subject | undefined =>
  FIELDS.find((field) => ATTRIBUTES[field].oid === dotted);

const CONTROL_OR_LONE_SURROGATE = /[\p{Cc}\p{Cs}]/u;

function checkField(field: keyof Subject, value: string): void {
  const { maxCharacters } = ATTRIBUTES[field];
  const count = Array.from(value).length;
  if (count < 1 || count > maxCharacters || CONTROL_OR_LONE_SURROGATE.test(value)) {
    throw new PkiError('ERR_PKI_NAME', `subject ${field} must be 1..${maxCharacters} printable characters`, { field });
  }
  if (field === 'C' && !/^[A-Z]{2}$/.test(value)) {
    throw new PkiError('ERR_PKI_NAME', 'subject C must be two letters A-Z', { field });
  }
}

const TYPES = Object.fromEntries(FIELDS.map((field) => [field, encodeDer(oid(ATTRIBUTES[field].oid))])) as Readonly<
  Record<keyof Subject, Buffer>
>;

/**
 * Name DER. UTF8String for everything except the country: node-forge's default, PrintableString, mangles every character
 * it does not know (a euro sign becomes one byte 0xAC).
 *
 * @throws PkiError `ERR_PKI_NAME`
 */
export function nameDer(subject: Subject): Buffer {
  const names: Buffer[] = [];
  for (const field of FIELDS) {
    const value = subject[field];
    if (value === undefined) continue;
    checkField(field, value);
    const text = wrap(field === 'C' ? TAG.printableString : TAG.utf8String, Buffer.from(value, 'utf8'));
    names.push(wrap(TAG.set, wrap(TAG.sequence, TYPES[field], text)));
  }
  if (names.length === 0) throw new PkiError('ERR_PKI_NAME', 'the subject is empty', { field: 'subject' });
  return wrap(TAG.sequence, ...names);
}

/** The same as a tree. @throws PkiError `ERR_PKI_NAME` */
export const encodeName = (subject: Subject): DerNode => decodeDer(nameDer(subject));

/** The fields that are there, as {@link decodeName} gives them back. */
export function presentFields(given: Subject): Subject {
  const subject: Subject = {};
  for (const field of FIELDS) {
    const value = given[field];
    if (value !== undefined) subject[field] = value;
  }
  return subject;
}

/** Reads the fields of {@link Subject}; other attributes are ignored, of a repeated one the last counts. */
export function decodeName(name: DerNode): Subject {
  const subject: Subject = {};
  for (const rdn of sequenceItems(name)) {
    for (const pair of setItems(rdn)) {
      const [type, value] = sequenceItems(pair);
      const field = fieldOfAttribute(oidText(type));
      if (field === undefined || typeof value?.value !== 'string') continue;
      const utf8 = value.type === DerType.UTF8;
      subject[field] = Buffer.from(value.value, 'latin1').toString(utf8 ? 'utf8' : 'latin1');
    }
  }
  return subject;
}
