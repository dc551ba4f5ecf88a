import { isIP } from 'node:net';
import { PkiError } from '../errors.js';
import { contextPrimitive, decodeDer, DerClass, encodeDer, sequence, sequenceItems } from './der.js';
import { bytesToIp, ipToBytes } from './ip-address.js';

/** The names a server certificate is good for. */
export interface San {
  /** ASCII host names (IDNs in their `xn--` form), no wildcard, no trailing dot */
  dns?: readonly string[];
  /** IPv4 or IPv6 addresses without zone */
  ip?: readonly string[];
}

/** Names in canonical form, without repeats. */
export interface CanonicalSan {
  readonly dns: readonly string[];
  readonly ip: readonly string[];
}

const MAX_NAMES = 100;
const DNS_TAG = 2;
const IP_TAG = 7;
const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/**
 * RFC 5280 wants the preferred name syntax of RFC 1034. A name whose last label is a number is refused: clients read
 * `256.1.1.1` as an address, so such a name could never match.
 */
function canonicalDns(name: string): string {
  const lower = name.toLowerCase();
  const labels = lower.split('.');
  const ok = lower.length <= 253 && labels.every((label) => LABEL.test(label)) && !/^\d+$/.test(labels.at(-1) ?? '');
  if (!ok) {
    throw new PkiError(
      'ERR_PKI_SAN',
      `"${name}" is not a host name (ASCII letters, digits and "-", labels of 1..63, 253 in all; write IDNs as xn--)`,
      { field: 'dns' },
    );
  }
  return lower;
}

const unique = (names: readonly string[]): readonly string[] => [...new Set(names)];

/** @throws PkiError `ERR_PKI_SAN` */
export function canonicalSan(san: San): CanonicalSan {
  const dns = unique((san.dns ?? []).map(canonicalDns));
  const ip = unique((san.ip ?? []).map((address) => bytesToIp(ipToBytes(address))));
  const count = dns.length + ip.length;
  if (count === 0 || count > MAX_NAMES) {
    throw new PkiError('ERR_PKI_SAN', `a server certificate needs 1..${MAX_NAMES} names, not ${count}`, {
      field: 'san',
    });
  }
  return { dns, ip };
}

/** Sorts host strings into names and addresses. */
export function hostsToSan(hosts: readonly string[]): CanonicalSan {
  return canonicalSan({ dns: hosts.filter((host) => isIP(host) === 0), ip: hosts.filter((host) => isIP(host) !== 0) });
}

export const sanCovers = (have: CanonicalSan, want: CanonicalSan): boolean =>
  want.dns.every((name) => have.dns.includes(name)) && want.ip.every((address) => have.ip.includes(address));

export const sanUnion = (a: CanonicalSan, b: CanonicalSan): CanonicalSan =>
  canonicalSan({ dns: [...a.dns, ...b.dns], ip: [...a.ip, ...b.ip] });

/** The value of the subjectAltName extension. */
export const encodeSan = (san: CanonicalSan): Buffer =>
  encodeDer(
    sequence(
      ...san.dns.map((name) => contextPrimitive(DNS_TAG, Buffer.from(name, 'ascii'))),
      ...san.ip.map((address) => contextPrimitive(IP_TAG, ipToBytes(address))),
    ),
  );

/** Reads the two kinds of names this package writes; others (URI, mail) are left out. */
export function decodeSan(value: Buffer): CanonicalSan {
  const dns: string[] = [];
  const ip: string[] = [];
  for (const node of sequenceItems(decodeDer(value))) {
    if (node.tagClass !== DerClass.CONTEXT_SPECIFIC || typeof node.value !== 'string') continue;
    const bytes = Buffer.from(node.value, 'latin1');
    if ((node.type as number) === DNS_TAG) dns.push(bytes.toString('latin1').toLowerCase());
    if ((node.type as number) === IP_TAG) ip.push(bytesToIp(bytes));
  }
  return { dns: unique(dns), ip: unique(ip) };
}
