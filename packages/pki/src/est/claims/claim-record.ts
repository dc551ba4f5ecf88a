import { LEAF_PROFILES } from '../../certificate/profiles.js';
import type { PkiError } from '../../errors.js';
import { damagedJson, parseJsonObject } from '../../stores/json-object.js';
import type { Claim } from './claim.js';

const damaged = (): PkiError => damagedJson('claim');

const HASH = /^[0-9a-f]{64}$/;
const SERIAL = /^[0-9A-F]{2,40}$/;

export const encodeClaim = (claim: Claim): string => `${JSON.stringify(claim, undefined, 2)}\n`;

/** @throws PkiError `ERR_PKI_STORE` */
export function parseClaimRecord(json: string): Claim {
  const fields = parseJsonObject(json, 'claim');
  const tokenSha256 = optional(fields['tokenSha256'], text(HASH));
  const spkiSha256 = optional(fields['spkiSha256'], text(HASH));
  // a claim that asks for neither would admit everybody
  if (tokenSha256 === undefined && spkiSha256 === undefined) throw damaged();
  return Object.freeze({
    deviceId: text(LEAF_PROFILES.device.commonName.pattern)(fields['deviceId']),
    tokenSha256,
    spkiSha256,
    createdAt: date(fields['createdAt']),
    expiresAt: date(fields['expiresAt']),
    usedAt: optional(fields['usedAt'], date),
    serial: optional(fields['serial'], text(SERIAL)),
  });
}

const optional = <T>(value: unknown, read: (value: unknown) => T): T | undefined =>
  value === undefined ? undefined : read(value);

const text =
  (pattern: RegExp) =>
  (value: unknown): string => {
    if (typeof value !== 'string' || !pattern.test(value)) throw damaged();
    return value;
  };

function date(value: unknown): Date {
  const read = new Date(typeof value === 'string' ? value : Number.NaN);
  if (read.toJSON() !== value) throw damaged();
  return read;
}
