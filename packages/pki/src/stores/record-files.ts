import { parseCertificatePem, type SerialHex } from '../certificate/certificate-info.js';
import { ROLES } from '../certificate/profiles.js';
import type { PkiError } from '../errors.js';
import { encodePem } from '../pem.js';
import { damagedJson, parseJsonObject } from './json-object.js';
import { type IssuedRecord, toRecord } from './pki-store.js';
import { checkRevocation, REVOCATION_REASONS, type Revocation } from './revocation.js';
import type { NameClaim } from './store-rules.js';

const damaged = (cause?: unknown): PkiError => damagedJson('record', cause);

const parseObject = (json: string): Record<string, unknown> => parseJsonObject(json, 'record');

/** @throws PkiError `ERR_PKI_STORE` */
export function parseClaim(json: string): NameClaim {
  const { commonName, role } = parseObject(json);
  const known = ROLES.find((candidate) => candidate === role);
  if (typeof commonName !== 'string' || known === undefined) throw damaged();
  return { commonName, role: known };
}

/**
 * The certificate in the record is the truth; the other fields are there for people with a text editor.
 *
 * @throws PkiError `ERR_PKI_STORE`, `ERR_PKI_PEM`, `ERR_PKI_CERTIFICATE`
 */
export function parseRecord(json: string, serial: SerialHex): IssuedRecord {
  const { certificate } = parseObject(json);
  if (typeof certificate !== 'string') throw damaged();
  const { info, x509 } = parseCertificatePem(certificate);
  const record = toRecord(info, encodePem('CERTIFICATE', x509.raw));
  if (record?.serial !== serial) throw damaged();
  return record;
}

/** @throws PkiError `ERR_PKI_STORE` */
export function parseRevocation(json: string, serial: SerialHex): Revocation {
  const { serial: written, reason, at } = parseObject(json);
  const known = REVOCATION_REASONS.find((candidate) => candidate === reason);
  const date = typeof at === 'string' ? new Date(at) : undefined;
  if (written !== serial || known === undefined || date === undefined || date.toJSON() !== at) throw damaged();
  return checkRevocation(serial, { reason: known, at: date });
}

/** The list in a record of `nextCrlNumber`, or undefined when the number was never used. @throws PkiError `ERR_PKI_STORE` */
export function parseCrlRecord(json: string, number: bigint): string | undefined {
  const { number: written, crl } = parseObject(json);
  if (written !== String(number) || (crl !== undefined && typeof crl !== 'string')) throw damaged();
  return crl;
}
