import { createHash, type KeyObject, X509Certificate } from 'node:crypto';
import {
  content,
  decodeDer,
  decodeTime,
  DerClass,
  type DerNode,
  DerType,
  encodeDer,
  sequenceItems,
} from '../asn1/der.js';
import { decodeName, type Subject } from '../asn1/distinguished-name.js';
import {
  decodeAuthorityKeyIdentifier,
  decodeBasicConstraints,
  decodeExtensions,
  decodeExtKeyUsage,
  decodeKeyUsage,
  decodeSubjectKeyIdentifier,
  type ExtendedKeyUsage,
  EXTENSION_OIDS,
  type Extension,
  type KeyUsage,
} from '../asn1/extensions.js';
import { type CanonicalSan, decodeSan } from '../asn1/subject-alt-name.js';
import { isPkiError, PkiError } from '../errors.js';
import { type KeyAlgorithm, requireAlgorithm } from '../keys/key-algorithm.js';
import { decodePem, type Pem } from '../pem.js';
import { type Role, ROLES } from './profiles.js';

/** Upper-case hex as Node's `X509Certificate.serialNumber` and OpenSSL print it. */
export type SerialHex = string;

/** The parsed fields of a certificate. Parsing says nothing about trust. */
export interface CertificateInfo {
  readonly serial: SerialHex;
  readonly subject: Readonly<Subject>;
  readonly issuer: Readonly<Subject>;
  readonly san: CanonicalSan;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** SHA-256 of the certificate DER, lower-case hex */
  readonly fingerprint256: string;
  readonly keyAlgorithm: KeyAlgorithm;
  /** from the OU; `ca` for a certificate authority, undefined for anything else */
  readonly role: Role | 'ca' | undefined;
  readonly isCa: boolean;
  /** how many further CAs a chain may hold below this one; undefined: any number, or no CA */
  readonly pathLength: number | undefined;
  readonly keyUsage: readonly KeyUsage[];
  readonly extKeyUsage: readonly ExtendedKeyUsage[];
  /** key identifiers, lower-case hex */
  readonly subjectKeyId: string | undefined;
  readonly authorityKeyId: string | undefined;
}

/** A parsed certificate with the parts an issuer copies byte for byte. */
export interface ParsedCertificate {
  readonly info: CertificateInfo;
  readonly x509: X509Certificate;
  readonly publicKey: KeyObject;
  readonly subjectDer: Buffer;
  readonly spki: Buffer;
}

/** @throws PkiError `ERR_PKI_PEM`, `ERR_PKI_CERTIFICATE`, `ERR_PKI_KEY` */
export const parseCertificate = (pem: Pem): CertificateInfo => parseCertificatePem(pem).info;

/** @throws PkiError `ERR_PKI_PEM`, `ERR_PKI_CERTIFICATE`, `ERR_PKI_KEY` */
export const parseCertificatePem = (pem: Pem): ParsedCertificate =>
  parseCertificateDer(decodePem(pem, ['CERTIFICATE']).der);

/** @throws PkiError `ERR_PKI_CERTIFICATE`, `ERR_PKI_KEY` */
export function parseCertificateDer(der: Buffer): ParsedCertificate {
  try {
    return parse(der);
  } catch (cause) {
    if (isPkiError(cause) && cause.code === 'ERR_PKI_KEY') throw cause;
    throw new PkiError('ERR_PKI_CERTIFICATE', 'the certificate is damaged', { cause });
  }
}

const KNOWN: ReadonlySet<string> = new Set(Object.values(EXTENSION_OIDS));

function parse(der: Buffer): ParsedCertificate {
  const fields = tbsFields(der);
  const x509 = new X509Certificate(der);
  const publicKey = x509.publicKey;
  const subject = decodeName(fields.subject);
  const extensions = decodeExtensions(fields.extensions);
  for (const { oid, critical } of extensions.values()) {
    // 4.2: who does not know a critical extension must refuse the certificate
    if (critical && !KNOWN.has(oid)) throw new PkiError('ERR_PKI_CERTIFICATE', `critical extension ${oid} is unknown`);
  }
  const value = <T>(id: string, read: (bytes: Buffer) => T): T | undefined => readValue(extensions.get(id), read);
  const constraints = value(EXTENSION_OIDS.basicConstraints, decodeBasicConstraints);
  const isCa = constraints?.ca === true;
  const info: CertificateInfo = {
    serial: x509.serialNumber,
    subject,
    issuer: decodeName(fields.issuer),
    san: value(EXTENSION_OIDS.subjectAltName, decodeSan) ?? { dns: [], ip: [] },
    notBefore: decodeTime(fields.notBefore),
    notAfter: decodeTime(fields.notAfter),
    fingerprint256: createHash('sha256').update(der).digest('hex'),
    keyAlgorithm: requireAlgorithm(publicKey),
    role: isCa ? 'ca' : ROLES.find((role) => role === subject.OU),
    isCa,
    pathLength: constraints?.pathLength,
    keyUsage: value(EXTENSION_OIDS.keyUsage, decodeKeyUsage) ?? [],
    extKeyUsage: value(EXTENSION_OIDS.extKeyUsage, decodeExtKeyUsage) ?? [],
    subjectKeyId: value(EXTENSION_OIDS.subjectKeyIdentifier, decodeSubjectKeyIdentifier)?.toString('hex'),
    authorityKeyId: value(EXTENSION_OIDS.authorityKeyIdentifier, decodeAuthorityKeyIdentifier)?.toString('hex'),
  };
  return {
    info: Object.freeze(info),
    x509,
    publicKey,
    subjectDer: encodeDer(fields.subject),
    spki: encodeDer(fields.spki),
  };
}

const readValue = <T>(extension: Extension | undefined, read: (bytes: Buffer) => T): T | undefined =>
  extension === undefined ? undefined : read(extension.value);

interface TbsFields {
  issuer: DerNode;
  notBefore: DerNode | undefined;
  notAfter: DerNode | undefined;
  subject: DerNode;
  spki: DerNode;
  extensions: DerNode | undefined;
}

const V3 = 'a003020102';

/** TBSCertificate of RFC 5280 4.1, version 3 or (as old scripts make them) version 1. */
function tbsFields(der: Buffer): TbsFields {
  const [signed, outer] = sequenceItems(decodeDer(der));
  const tbs = sequenceItems(signed);
  const versioned = tbs[0]?.tagClass === DerClass.CONTEXT_SPECIFIC;
  const [serial, inner, issuer, validity, subject, spki, ...rest] = versioned ? tbs.slice(1) : tbs;
  content(serial, DerType.INTEGER);
  if (!inner || !outer || !issuer || !subject || !spki) {
    throw new PkiError('ERR_PKI_CERTIFICATE', 'the certificate lacks fields');
  }
  // 4.1.1.2: only one of the two is signed
  if (!encodeDer(inner).equals(encodeDer(outer))) {
    throw new PkiError('ERR_PKI_CERTIFICATE', 'the certificate names two signature algorithms');
  }
  if (rest.length > 0 && !(versioned && tbs[0] !== undefined && encodeDer(tbs[0]).toString('hex') === V3)) {
    throw new PkiError('ERR_PKI_CERTIFICATE', 'only a certificate of version 3 has extensions');
  }
  const extensions = rest.find((node) => node.tagClass === DerClass.CONTEXT_SPECIFIC && (node.type as number) === 3);
  const [notBefore, notAfter] = sequenceItems(validity);
  return { issuer, notBefore, notAfter, subject, spki, extensions };
}
