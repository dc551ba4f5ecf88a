import {
  children,
  content,
  decodeDer,
  DerClass,
  type DerNode,
  DerType,
  oidText,
  sequenceItems,
  setItems,
} from '../asn1/der.js';
import {
  decodeBasicConstraints,
  decodeExtensionList,
  decodeExtKeyUsage,
  decodeKeyUsage,
  decodeSubjectKeyIdentifier,
  EXTENSION_OIDS,
} from '../asn1/extensions.js';
import { bytesToIp } from '../asn1/ip-address.js';
import type { CanonicalSan } from '../asn1/subject-alt-name.js';
import { csrError, reading } from './csr-error.js';

/** PKCS#9 `extensionRequest`, RFC 2985 5.4.2. */
export const EXTENSION_REQUEST_OID = '1.2.840.113549.1.9.14';

/** Names a request asks for. Nothing of it is copied into a certificate. */
export interface RequestedSan extends CanonicalSan {
  /** how many names of other kinds (mail, URI, ...) the request holds */
  readonly others: number;
}

const MAX_ATTRIBUTES = 16;
const MAX_NAMES = 100;
const DNS_TAG = 2;
const IP_TAG = 7;
const LAST_TAG = 8;
const DNS_NAME = /^[\x21-\x7e]{1,253}$/;

function readRequestedSan(value: Buffer): RequestedSan {
  const names = sequenceItems(decodeDer(value));
  if (names.length < 1 || names.length > MAX_NAMES) {
    throw csrError('subjectAltName', `the request must ask for 1..${MAX_NAMES} names, not ${names.length}`);
  }
  const dns: string[] = [];
  const ip: string[] = [];
  for (const name of names) {
    const tag: number = name.type;
    if (name.tagClass !== DerClass.CONTEXT_SPECIFIC || tag > LAST_TAG) {
      throw csrError('subjectAltName', 'the request asks for a name of an unknown kind');
    }
    if (tag !== DNS_TAG && tag !== IP_TAG) continue;
    if (typeof name.value !== 'string') throw csrError('subjectAltName', 'a requested name is not primitive');
    if (tag === IP_TAG) {
      ip.push(bytesToIp(Buffer.from(name.value, 'latin1')));
      continue;
    }
    if (!DNS_NAME.test(name.value)) {
      throw csrError('subjectAltName', 'a requested host name must be 1..253 visible ASCII characters');
    }
    dns.push(name.value.toLowerCase());
  }
  return Object.freeze({
    dns: Object.freeze(dns),
    ip: Object.freeze(ip),
    others: names.length - dns.length - ip.length,
  });
}

const NO_NAMES: RequestedSan = Object.freeze({ dns: Object.freeze([]), ip: Object.freeze([]), others: 0 });

const KNOWN: ReadonlySet<string> = new Set(Object.values(EXTENSION_OIDS));

/** Policy decides what a certificate may do; a request for the powers of a CA is worth an error, not a shrug. */
function readRequestedExtensions(list: DerNode | undefined): RequestedSan {
  const extensions = decodeExtensionList(list);
  if (extensions.size === 0) throw csrError('extensions', 'the request has an empty list of extensions');
  for (const { oid, critical } of extensions.values()) {
    if (critical && !KNOWN.has(oid)) throw csrError('extensions', `the critical extension ${oid} is unknown`);
  }
  const read = <T>(oid: string, decode: (value: Buffer) => T): T | undefined => {
    const extension = extensions.get(oid);
    return extension && decode(extension.value);
  };
  const constraints = read(EXTENSION_OIDS.basicConstraints, decodeBasicConstraints);
  const usages = read(EXTENSION_OIDS.keyUsage, decodeKeyUsage) ?? [];
  read(EXTENSION_OIDS.extKeyUsage, decodeExtKeyUsage);
  read(EXTENSION_OIDS.subjectKeyIdentifier, decodeSubjectKeyIdentifier);
  if (constraints?.ca || usages.includes('keyCertSign') || usages.includes('cRLSign')) {
    throw csrError('extensions', 'the request asks for the powers of a certificate authority');
  }
  const names = extensions.get(EXTENSION_OIDS.subjectAltName);
  if (!names) return NO_NAMES;
  return reading('subjectAltName', 'has malformed subject alternative names', () => readRequestedSan(names.value));
}

/**
 * `[0] Attributes` of RFC 2986 4.1: each kind once. Only `extensionRequest` is read; the others (`challengePassword`,
 * ...) must be well-formed and are left alone.
 *
 * @throws PkiError `ERR_PKI_CSR` or whatever the DER readers throw
 */
export function readAttributes(node: DerNode): RequestedSan {
  const attributes = children(node, 0, DerClass.CONTEXT_SPECIFIC);
  if (attributes.length > MAX_ATTRIBUTES) {
    throw csrError('attributes', `the request has more than ${MAX_ATTRIBUTES} attributes`);
  }
  const seen = new Set<string>();
  let requested = NO_NAMES;
  for (const attribute of attributes) {
    const [type, values, ...more] = sequenceItems(attribute);
    const id = oidText(type);
    const items = setItems(values);
    if (more.length > 0 || items.length === 0) throw csrError('attributes', `attribute ${id} is not a type and values`);
    if (seen.has(id)) throw csrError('attributes', `attribute ${id} is there twice`);
    seen.add(id);
    if (id !== EXTENSION_REQUEST_OID) continue;
    if (items.length !== 1) throw csrError('extensions', 'the request has more than one list of extensions');
    requested = reading('extensions', 'has malformed extensions', () => readRequestedExtensions(items[0]));
  }
  return requested;
}

/** Version 1 is written as 0 (RFC 2986 4.1). */
export function checkVersion(node: DerNode): void {
  if (!content(node, DerType.INTEGER).equals(Buffer.of(0))) throw csrError('version', 'the request is not version 1');
}
