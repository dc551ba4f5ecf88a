import type { ExtendedKeyUsage, KeyUsage } from '../asn1/extensions.js';
import { PkiError } from '../errors.js';
import type { KeyAlgorithm } from '../keys/key-algorithm.js';

/** What a certificate is for; written into the subject's OU. */
export const ROLES = ['device', 'operator', 'broker', 'ota'] as const;
/** One of {@link ROLES}. */
export type Role = (typeof ROLES)[number];

/** A kind of leaf certificate, as data. */
export interface LeafProfile {
  readonly role: Role;
  readonly extendedKeyUsage: readonly ExtendedKeyUsage[];
  /** servers must name their hosts, clients must not */
  readonly subjectAltName: 'required' | 'forbidden';
  /** what a CN must match, and the same for people, as the end of a message */
  readonly commonName: { readonly pattern: RegExp; readonly limit: string };
  /** default validity, in days */
  readonly days: number;
}

/** A client's CN is its MQTT user name and a level in topics and ACL patterns: no `+`, `#`, `/`. */
const CLIENT_NAME = { pattern: /^[A-Za-z0-9_-]{1,64}$/, limit: '1..64 characters of A-Z a-z 0-9 _ -' } as const;
const SERVER_NAME = { pattern: /^[A-Za-z0-9._:-]{1,64}$/, limit: '1..64 characters of A-Z a-z 0-9 . _ : -' } as const;

/** What a certificate of each role may say. Devices last 3,650 days by default, everybody else 825. */
export const LEAF_PROFILES: Readonly<Record<Role, LeafProfile>> = {
  device: {
    role: 'device',
    extendedKeyUsage: ['clientAuth'],
    subjectAltName: 'forbidden',
    commonName: CLIENT_NAME,
    days: 3650,
  },
  operator: {
    role: 'operator',
    extendedKeyUsage: ['clientAuth'],
    subjectAltName: 'forbidden',
    commonName: CLIENT_NAME,
    days: 825,
  },
  broker: {
    role: 'broker',
    extendedKeyUsage: ['serverAuth'],
    subjectAltName: 'required',
    commonName: SERVER_NAME,
    days: 825,
  },
  ota: {
    role: 'ota',
    extendedKeyUsage: ['serverAuth'],
    subjectAltName: 'required',
    commonName: SERVER_NAME,
    days: 825,
  },
};

export const CA_KEY_USAGE: readonly KeyUsage[] = ['keyCertSign', 'cRLSign'];
export const CA_DAYS = 7300;

/** An EC key only signs; RSA keys may also be used by TLS 1.2's RSA key exchange of old peers. */
export const leafKeyUsage = (algorithm: KeyAlgorithm): readonly KeyUsage[] =>
  algorithm.startsWith('ec-') ? ['digitalSignature'] : ['digitalSignature', 'keyEncipherment'];

/** @throws PkiError `ERR_PKI_ROLE` */
export function profileOf(role: Role): LeafProfile {
  if (!ROLES.includes(role)) {
    throw new PkiError('ERR_PKI_ROLE', `role "${role}" is not one of ${ROLES.join(', ')}`, { field: 'role' });
  }
  return LEAF_PROFILES[role];
}

/**
 * A role's name may only be the CN of that role: a device called "operator" would be a trap for every rule written
 * by name.
 *
 * @throws PkiError `ERR_PKI_NAME`
 */
export function checkCommonName(role: Role, name: string): void {
  const { pattern, limit } = profileOf(role).commonName;
  if (!pattern.test(name)) {
    throw new PkiError('ERR_PKI_NAME', `the ${role} name must be ${limit}`, { field: 'CN' });
  }
  if (ROLES.some((other) => other !== role && other === name.toLowerCase())) {
    throw new PkiError('ERR_PKI_NAME', `a ${role} cannot be named "${name}": that name belongs to another role`, {
      field: 'CN',
    });
  }
}
