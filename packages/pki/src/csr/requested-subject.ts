import { type DerNode, content, DerType, oidText, sequenceItems, setItems } from '../asn1/der.js';
import { fieldOfAttribute, type Subject } from '../asn1/distinguished-name.js';
import { csrError } from './csr-error.js';

const MAX_ATTRIBUTES = 20;
const MAX_CHARACTERS = 128;
const CONTROL = /\p{Cc}/u;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The string types of names in use today; BMPString and TeletexString have readings that differ between stacks. */
const STRINGS: readonly { type: number; allowed: RegExp }[] = [
  { type: DerType.UTF8, allowed: /^.+$/su },
  { type: DerType.PRINTABLESTRING, allowed: /^[A-Za-z0-9 '()+,./:=?-]+$/ },
  { type: DerType.IA5STRING, allowed: /^[\x20-\x7e]+$/ },
];

function readText(node: DerNode | undefined, field: keyof Subject): string {
  const string = STRINGS.find(({ type }) => type === (node?.type as number | undefined));
  if (!string) throw csrError('subject', `the requested subject ${field} is not a UTF-8, printable or IA5 string`);
  const text = utf8.decode(content(node, string.type));
  if (!string.allowed.test(text) || CONTROL.test(text) || Array.from(text).length > MAX_CHARACTERS) {
    throw csrError('subject', `the requested subject ${field} must be 1..${MAX_CHARACTERS} printable characters`);
  }
  return text;
}

/**
 * The fields of {@link Subject} of a requested name, which may be empty; other attributes are skipped. A field that is
 * there twice is refused: readers disagree about which one counts.
 *
 * @throws PkiError `ERR_PKI_CSR` or whatever the DER readers throw
 */
export function readRequestedSubject(name: DerNode): Readonly<Subject> {
  const rdns = sequenceItems(name);
  const pairs = rdns.flatMap((rdn) => {
    const items = setItems(rdn);
    if (items.length === 0) throw csrError('subject', 'the requested subject has an empty part');
    return items;
  });
  if (pairs.length > MAX_ATTRIBUTES) {
    throw csrError('subject', `the requested subject has more than ${MAX_ATTRIBUTES} parts`);
  }
  const subject: Subject = {};
  for (const pair of pairs) {
    const [type, value, ...more] = sequenceItems(pair);
    const dotted = oidText(type);
    if (value === undefined || more.length > 0) {
      throw csrError('subject', 'a part of the requested subject is not one type and one value');
    }
    const field = fieldOfAttribute(dotted);
    if (field === undefined) continue;
    if (subject[field] !== undefined) throw csrError('subject', `the requested subject has two ${field}`);
    subject[field] = readText(value, field);
  }
  return Object.freeze(subject);
}
