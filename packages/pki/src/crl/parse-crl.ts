import { decodeDer } from '../asn1/der.js';
import { decodeName, type Subject } from '../asn1/distinguished-name.js';
import { decodeAuthorityKeyIdentifier } from '../asn1/extensions.js';
import type { SerialHex } from '../certificate/certificate-info.js';
import { isPkiError, PkiError } from '../errors.js';
import { decodePem, type Pem } from '../pem.js';
import { REVOCATION_REASONS, type Revocation, type RevocationReason } from '../stores/revocation.js';
import { OID_BYTES, REASON_CODES, TAG } from './crl-fields.js';
import { MAX_CRL_BYTES } from './crl-limits.js';
import { readTlvs, TlvReader } from './tlv.js';

/** The parsed fields of a revocation list. Parsing says nothing about trust: see `verifyCrl`. */
export interface CrlInfo {
  readonly issuer: Readonly<Subject>;
  /** subject key identifier of the issuer, lower-case hex */
  readonly issuerKeyId: string;
  /** counts the lists of an issuer (RFC 5280 5.2.3) */
  readonly number: bigint;
  readonly thisUpdate: Date;
  /** from here on everybody who checks the list refuses every certificate of the issuer */
  readonly nextUpdate: Date;
  /** by serial number */
  readonly revoked: ReadonlyMap<SerialHex, Revocation>;
}

export interface ParsedCrl {
  readonly info: CrlInfo;
  readonly tbs: Buffer;
  readonly issuerDer: Buffer;
  /** AlgorithmIdentifier DER */
  readonly algorithm: Buffer;
  readonly signature: Buffer;
}

/** @throws PkiError `ERR_PKI_PEM`, `ERR_PKI_CRL` */
export const parseCrl = (pem: Pem): CrlInfo => parseCrlPem(pem).info;

/** @throws PkiError `ERR_PKI_PEM`, `ERR_PKI_CRL` */
export const parseCrlPem = (pem: Pem): ParsedCrl => parseCrlDer(decodePem(pem, ['X509 CRL'], MAX_CRL_BYTES).der);

const malformed = (what: string, cause?: unknown): PkiError =>
  new PkiError('ERR_PKI_CRL', `the revocation list is damaged: ${what}`, { cause });

/** @throws PkiError `ERR_PKI_CRL` */
export function parseCrlDer(der: Buffer): ParsedCrl {
  try {
    return parse(der);
  } catch (cause) {
    if (isPkiError(cause) && cause.code === 'ERR_PKI_CRL') throw cause;
    throw malformed('its issuer or an extension', cause);
  }
}

/** Version 2 as RFC 5280 5.1 profiles it: nextUpdate, authority key identifier and number are there. */
function parse(der: Buffer): ParsedCrl {
  const file = new TlvReader(der);
  const list = new TlvReader(file.required(TAG.sequence, 'the list').content);
  file.end('the file');
  const tbs = list.required(TAG.sequence, 'the signed part');
  const algorithm = list.required(TAG.sequence, 'the signature algorithm').bytes;
  const signature = list.required(TAG.bitString, 'the signature').content;
  list.end('the list');
  if (signature[0] !== 0) throw malformed('its signature has unused bits');

  const fields = new TlvReader(tbs.content);
  if (!fields.required(TAG.integer, 'the version').content.equals(Buffer.of(1))) throw malformed('it is not version 2');
  if (!fields.required(TAG.sequence, 'the inner signature algorithm').bytes.equals(algorithm)) {
    throw malformed('it names two signature algorithms');
  }
  const issuerDer = fields.required(TAG.sequence, 'the issuer').bytes;
  const thisUpdate = readTime(fields);
  const nextUpdate = readTime(fields);
  const entries = fields.optional(TAG.sequence)?.content;
  const extensions = readExtensions(
    new TlvReader(fields.required(TAG.explicit0, 'the extensions').content).required(TAG.sequence, 'the extensions')
      .content,
  );
  fields.end('the signed part');
  const keyId = extensions.get(OID_BYTES.authorityKeyId);
  const issuerKeyId = keyId && decodeAuthorityKeyIdentifier(keyId)?.toString('hex');
  const number = extensions.get(OID_BYTES.crlNumber);
  if (issuerKeyId === undefined || number === undefined) throw malformed('it has no issuer key identifier or number');

  const info: CrlInfo = {
    issuer: decodeName(decodeDer(issuerDer)),
    issuerKeyId,
    number: BigInt(`0x${unsigned(new TlvReader(number).required(TAG.integer, 'the number').content)}`),
    thisUpdate,
    nextUpdate,
    revoked: readEntries(entries),
  };
  return { info: Object.freeze(info), tbs: tbs.bytes, issuerDer, algorithm, signature: signature.subarray(1) };
}

function readEntries(entries: Buffer | undefined): ReadonlyMap<SerialHex, Revocation> {
  const revoked = new Map<SerialHex, Revocation>();
  if (entries?.length === 0) throw malformed('an empty list of entries');
  for (const { tag, content } of readTlvs(entries ?? Buffer.alloc(0))) {
    if (tag !== TAG.sequence) throw malformed('an entry is not a sequence');
    const entry = new TlvReader(content);
    const serial = unsigned(entry.required(TAG.integer, 'a serial number').content).toUpperCase();
    const at = readTime(entry);
    const extensions = entry.optional(TAG.sequence);
    entry.end('an entry');
    const reason = extensions && readExtensions(extensions.content).get(OID_BYTES.reasonCode);
    if (revoked.has(serial)) throw malformed(`the serial number ${serial} is there twice`);
    revoked.set(serial, Object.freeze({ serial, at, reason: reason ? readReason(reason) : 'unspecified' }));
  }
  return revoked;
}

function readReason(value: Buffer): RevocationReason {
  const [code, ...rest] = new TlvReader(value).required(TAG.enumerated, 'a reason').content;
  const reason = REVOCATION_REASONS.find((candidate) => REASON_CODES[candidate] === code);
  if (reason === undefined || rest.length > 0)
    throw malformed(`the reason ${code ?? 'that is empty'} is not supported`);
  return reason;
}

/** By object identifier, hex. Each at most once; a critical one changes what the list means, and we know none. */
function readExtensions(list: Buffer): ReadonlyMap<string, Buffer> {
  const extensions = new Map<string, Buffer>();
  for (const { tag, content } of readTlvs(list)) {
    if (tag !== TAG.sequence) throw malformed('an extension is not a sequence');
    const parts = new TlvReader(content);
    const id = parts.required(TAG.oid, 'the identifier of an extension').content.toString('hex');
    if (parts.optional(TAG.boolean) !== undefined) throw malformed(`extension ${id} is critical and not known`);
    if (extensions.has(id)) throw malformed(`extension ${id} is there twice`);
    extensions.set(id, parts.required(TAG.octetString, 'the value of an extension').content);
    parts.end('an extension');
  }
  return extensions;
}

/** Hex of a minimal non-negative INTEGER, without its sign octet. */
function unsigned(content: Buffer): string {
  const [first, second] = content;
  const padded = first === 0 && second !== undefined;
  if (first === undefined || first >= 0x80 || (padded && second < 0x80)) {
    throw malformed('a number is negative or not minimal');
  }
  return content.subarray(padded ? 1 : 0).toString('hex');
}

/** RFC 5280 5.1.2.4: UTCTime through 2049, GeneralizedTime from 2050, whole seconds in UTC. */
function readTime(reader: TlvReader): Date {
  const utc = reader.optional(TAG.utcTime);
  const text = (utc ?? reader.required(TAG.generalizedTime, 'a date')).content.toString('latin1');
  const century = utc === undefined ? '' : Number(text.slice(0, 2)) < 50 ? '20' : '19';
  const match = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(century + text);
  const [, year = '', month = '', day = '', hour = '', minute = '', second = ''] = match ?? [];
  const iso = `${year}-${month}-${day}T${hour}:${minute}:${second}.000Z`;
  const date = new Date(iso);
  // the 30th of February would read as the 2nd of March
  const exact = match !== null && !Number.isNaN(date.getTime()) && date.toISOString() === iso;
  if (!exact || (utc === undefined) !== date.getUTCFullYear() >= 2050) throw malformed('a date');
  return date;
}
