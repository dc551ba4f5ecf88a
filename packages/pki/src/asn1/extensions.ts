import { PkiError } from '../errors.js';
import {
  bitString,
  boolean,
  children,
  content,
  contextPrimitive,
  decodeDer,
  DerClass,
  type DerNode,
  DerType,
  encodeDer,
  integer,
  octetString,
  oid,
  oidText,
  sequence,
  sequenceItems,
} from './der.js';

export const EXTENSION_OIDS = {
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  authorityKeyIdentifier: '2.5.29.35',
  extKeyUsage: '2.5.29.37',
} as const;

/** Bit numbers of RFC 5280 4.2.1.3. */
const KEY_USAGE_BITS = { digitalSignature: 0, keyEncipherment: 2, keyCertSign: 5, cRLSign: 6 } as const;
/** The key usages of RFC 5280 4.2.1.3 that certificates of this package have. */
export type KeyUsage = keyof typeof KEY_USAGE_BITS;

const EXTENDED_KEY_USAGE_OIDS = { serverAuth: '1.3.6.1.5.5.7.3.1', clientAuth: '1.3.6.1.5.5.7.3.2' } as const;
/** The extended key usages of RFC 5280 4.2.1.12 that certificates of this package have. */
export type ExtendedKeyUsage = keyof typeof EXTENDED_KEY_USAGE_OIDS;

/** One extension: its value is the DER inside the OCTET STRING. */
export interface Extension {
  oid: string;
  critical: boolean;
  value: Buffer;
}

export function basicConstraints(ca: boolean, pathLength?: number): Extension {
  const items: DerNode[] = [];
  if (ca) items.push(boolean(true));
  if (ca && pathLength !== undefined) items.push(integer(pathLength));
  return { oid: EXTENSION_OIDS.basicConstraints, critical: true, value: encodeDer(sequence(...items)) };
}

export function keyUsage(usages: readonly KeyUsage[]): Extension {
  const bits = usages.map((usage): number => KEY_USAGE_BITS[usage]);
  const byte = bits.reduce((sum, bit) => sum | (0x80 >> bit), 0);
  // DER: a named bit list ends with its last set bit
  const value = encodeDer(bitString(Buffer.of(byte), 7 - Math.max(...bits)));
  return { oid: EXTENSION_OIDS.keyUsage, critical: true, value };
}

export const extKeyUsage = (usages: readonly ExtendedKeyUsage[]): Extension => ({
  oid: EXTENSION_OIDS.extKeyUsage,
  critical: false,
  value: encodeDer(sequence(...usages.map((usage) => oid(EXTENDED_KEY_USAGE_OIDS[usage])))),
});

export const subjectAltName = (value: Buffer): Extension => ({
  oid: EXTENSION_OIDS.subjectAltName,
  critical: false,
  value,
});

export const subjectKeyIdentifier = (keyId: Buffer): Extension => ({
  oid: EXTENSION_OIDS.subjectKeyIdentifier,
  critical: false,
  value: encodeDer(octetString(keyId)),
});

export const authorityKeyIdentifier = (issuerKeyId: Buffer): Extension => ({
  oid: EXTENSION_OIDS.authorityKeyIdentifier,
  critical: false,
  value: encodeDer(sequence(contextPrimitive(0, issuerKeyId))),
});

const encodeExtension = ({ oid: id, critical, value }: Extension): DerNode =>
  critical ? sequence(oid(id), boolean(true), octetString(value)) : sequence(oid(id), octetString(value));

/** `Extensions` of RFC 5280 4.1. */
export const encodeExtensionList = (extensions: readonly Extension[]): DerNode =>
  sequence(...extensions.map(encodeExtension));

/** The members of `Extensions`, one after the other. */
export const extensionsDer = (...extensions: readonly Extension[]): Buffer =>
  Buffer.concat(extensions.map((extension) => encodeDer(encodeExtension(extension))));

const SUBJECT_KEY_HEAD = Buffer.from('301d0603551d0e04160414', 'hex');

/** The same of one {@link subjectKeyIdentifier} of 20 octets. */
export const subjectKeyIdentifierDer = (keyId: Buffer): Buffer => Buffer.concat([SUBJECT_KEY_HEAD, keyId]);

/**
 * `Extensions` of RFC 5280 4.1: each identifier at most once (4.2); `critical` is TRUE or absent, as DER wants a default
 * value.
 *
 * @throws PkiError `ERR_PKI_CERTIFICATE`
 */
export function decodeExtensionList(list: DerNode | undefined): ReadonlyMap<string, Extension> {
  const extensions = new Map<string, Extension>();
  for (const item of sequenceItems(list)) {
    const parts = sequenceItems(item);
    const id = oidText(parts[0]);
    const critical = parts.length === 3 && content(parts[1], DerType.BOOLEAN).equals(Buffer.of(0xff));
    if (parts.length !== (critical ? 3 : 2)) {
      throw new PkiError('ERR_PKI_CERTIFICATE', `malformed structure: extension ${id}`);
    }
    if (extensions.has(id)) throw new PkiError('ERR_PKI_CERTIFICATE', `extension ${id} is there twice`);
    extensions.set(id, { oid: id, critical, value: content(parts.at(-1), DerType.OCTETSTRING) });
  }
  return extensions;
}

/** Reads the `[3] Extensions` member of a TBSCertificate; none is an empty list. */
export const decodeExtensions = (node: DerNode | undefined): ReadonlyMap<string, Extension> =>
  node === undefined ? new Map() : decodeExtensionList(children(node, 3, DerClass.CONTEXT_SPECIFIC)[0]);

export function decodeBasicConstraints(value: Buffer): { ca: boolean; pathLength: number | undefined } {
  const items = sequenceItems(decodeDer(value));
  const flag = items[0]?.type === DerType.BOOLEAN ? content(items.shift(), DerType.BOOLEAN).toString('hex') : '00';
  const [length, ...more] = items;
  // DER has one TRUE; readers disagree about the other 254 of BER
  if ((flag !== 'ff' && flag !== '00') || more.length > 0) {
    throw new PkiError('ERR_PKI_CERTIFICATE', 'malformed structure: basicConstraints');
  }
  if (length === undefined) return { ca: flag === 'ff', pathLength: undefined };
  const [pathLength = 0x80, ...octets] = content(length, DerType.INTEGER);
  // nobody has a chain of 128, and a negative length is nonsense
  if (pathLength >= 0x80 || octets.length > 0) {
    throw new PkiError('ERR_PKI_CERTIFICATE', 'malformed structure: the path length of basicConstraints');
  }
  return { ca: flag === 'ff', pathLength };
}

export function decodeKeyUsage(value: Buffer): readonly KeyUsage[] {
  const [, byte = 0] = content(decodeDer(value), DerType.BITSTRING);
  const names = Object.keys(KEY_USAGE_BITS) as KeyUsage[];
  return names.filter((name) => (byte & (0x80 >> KEY_USAGE_BITS[name])) !== 0);
}

export function decodeExtKeyUsage(value: Buffer): readonly ExtendedKeyUsage[] {
  const ids = sequenceItems(decodeDer(value)).map(oidText);
  const names = Object.keys(EXTENDED_KEY_USAGE_OIDS) as ExtendedKeyUsage[];
  return names.filter((name) => ids.includes(EXTENDED_KEY_USAGE_OIDS[name]));
}

export const decodeSubjectKeyIdentifier = (value: Buffer): Buffer => content(decodeDer(value), DerType.OCTETSTRING);

/** The keyIdentifier of an AKI, or undefined when it names the issuer by name and serial only. */
export function decodeAuthorityKeyIdentifier(value: Buffer): Buffer | undefined {
  const first = sequenceItems(decodeDer(value))[0];
  const isKeyId = first?.tagClass === DerClass.CONTEXT_SPECIFIC && (first.type as number) === 0;
  return isKeyId && typeof first.value === 'string' ? Buffer.from(first.value, 'latin1') : undefined;
}
