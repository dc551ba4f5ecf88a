import type { ParsedCertificate } from '../../certificate/certificate-info.js';
import { LEAF_PROFILES } from '../../certificate/profiles.js';
import type { InventoryEntry } from '../../lifecycle/inventory.js';
import { decodePemBundle } from '../pem-bundle.js';
import type { EstAuthority } from './est-authority.js';

export type CertificateVerdict =
  | { readonly kind: 'good'; readonly deviceId: string; readonly daysExpired: number }
  | { readonly kind: 'refused' | 'expired' | 'revoked' };

const REFUSED = Object.freeze({ kind: 'refused' });
const DAY_MS = 86_400_000;

/**
 * Whether a certificate makes its holder a device that may re-enrol: signed by a current device CA, of the role, for TLS
 * clients, begun, byte for byte one of the inventory, not revoked, and over for at most `maxDaysExpired`. Everything is
 * checked here, whatever the TLS layer did; that the client holds the key, only TLS can tell.
 */
export async function judgeCertificate(
  { info, x509 }: ParsedCertificate,
  authority: Pick<EstAuthority, 'deviceCa' | 'inventory'>,
  { now, maxDaysExpired }: { readonly now: Date; readonly maxDaysExpired: number },
): Promise<CertificateVerdict> {
  const deviceId = info.subject.CN;
  if (info.role !== 'device' || info.isCa || deviceId === undefined) return REFUSED;
  const { commonName, extendedKeyUsage } = LEAF_PROFILES.device;
  if (!commonName.pattern.test(deviceId)) return REFUSED;
  const rightUse =
    info.keyUsage.includes('digitalSignature') && extendedKeyUsage.every((use) => info.extKeyUsage.includes(use));
  if (!rightUse || now < info.notBefore) return REFUSED;
  const signed = decodePemBundle(authority.deviceCa).some(
    (ca) =>
      ca.info.isCa &&
      ca.info.notBefore <= now &&
      now <= ca.info.notAfter &&
      x509.checkIssued(ca.x509) &&
      x509.verify(ca.publicKey),
  );
  if (!signed) return REFUSED;
  const entry = await find(authority, info.serial);
  if (entry?.fingerprint256 !== info.fingerprint256) return REFUSED;
  if (entry.revocation !== undefined) return { kind: 'revoked' };
  const daysExpired = Math.max(0, (now.getTime() - info.notAfter.getTime()) / DAY_MS);
  return daysExpired > maxDaysExpired ? { kind: 'expired' } : { kind: 'good', deviceId, daysExpired };
}

async function find(authority: Pick<EstAuthority, 'inventory'>, serial: string): Promise<InventoryEntry | undefined> {
  for await (const entry of authority.inventory({ serial })) return entry;
  return undefined;
}
