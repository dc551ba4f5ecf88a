import { isIP } from 'node:net';
import { PkiError } from '../errors.js';

const bad = (text: string): PkiError =>
  new PkiError('ERR_PKI_SAN', `"${text}" is not an IPv4 or IPv6 address (no zone, no brackets, no prefix length)`, {
    field: 'ip',
  });

const ipv4Bytes = (text: string): number[] => text.split('.').map(Number);

function groupBytes(part: string): number[] {
  if (part === '') return [];
  return part.split(':').flatMap((group) => {
    if (group.includes('.')) return ipv4Bytes(group);
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
}

/**
 * An address as the 4 or 16 octets of an iPAddress name (RFC 5280 4.2.1.6).
 * `net.isIP` is the gate: node-forge's own conversion accepts `256.1.1.1`, `g::1` and addresses of 17 bytes.
 *
 * @throws PkiError `ERR_PKI_SAN`
 */
export function ipToBytes(text: string): Buffer {
  const family = isIP(text);
  if (family === 4) return Buffer.from(ipv4Bytes(text));
  if (family !== 6 || text.includes('%')) throw bad(text);
  const [head = '', tail] = text.split('::');
  const left = groupBytes(head);
  const right = tail === undefined ? [] : groupBytes(tail);
  const zeros = new Array<number>(16 - left.length - right.length).fill(0);
  return Buffer.from([...left, ...zeros, ...right]);
}

/** The canonical text: dotted IPv4, or RFC 5952 IPv6. */
export function bytesToIp(bytes: Buffer): string {
  if (bytes.length === 4) return Array.from(bytes).join('.');
  if (bytes.length !== 16) throw new PkiError('ERR_PKI_SAN', `an IP address has 4 or 16 bytes, not ${bytes.length}`);
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(index * 2));
  const run = longestZeroRun(groups);
  const text = (part: number[]): string => part.map((group) => group.toString(16)).join(':');
  if (run.length < 2) return text(groups);
  return `${text(groups.slice(0, run.start))}::${text(groups.slice(run.start + run.length))}`;
}

function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  let start = 0;
  groups.forEach((group, index) => {
    if (group !== 0) start = index + 1;
    else if (index + 1 - start > best.length) best = { start, length: index + 1 - start };
  });
  return best;
}
