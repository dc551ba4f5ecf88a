import type { SerialHex } from '../certificate/certificate-info.js';
import type { Role } from '../certificate/profiles.js';
import { PkiError } from '../errors.js';
import type { IssuedRecord, PkiStore } from '../stores/pki-store.js';
import { type CertificateState, type Revocation, stateOf } from '../stores/revocation.js';

/** A certificate that was issued, and what became of it. */
export interface InventoryEntry extends IssuedRecord {
  readonly state: CertificateState;
  /** undefined unless it was revoked */
  readonly revocation: Revocation | undefined;
}

/** All that is given must hold. */
export interface InventoryFilter {
  readonly serial?: SerialHex;
  readonly role?: Role | 'ca';
  readonly commonName?: string;
  readonly state?: CertificateState;
  /**
   * Good certificates that end within so many days, unless the same name has another good one that lasts longer:
   * whoever will have none. 0..36,500
   */
  readonly expiringWithinDays?: number;
}

const DAY_MS = 86_400_000;

/**
 * What the store knows of certificates, in order of serial number.
 *
 * @throws PkiError `ERR_PKI_OPTION`, `ERR_PKI_STORE`, `ERR_PKI_IO`
 */
export async function* listInventory(
  store: PkiStore,
  filter: InventoryFilter = {},
  now: Date = new Date(),
): AsyncGenerator<InventoryEntry> {
  const { serial, role, commonName, state, expiringWithinDays: days } = filter;
  if (serial !== undefined && days === undefined) {
    const record = await store.get(serial);
    const asked =
      record && (role ?? record.role) === record.role && (commonName ?? record.commonName) === record.commonName;
    if (!asked) return;
    const entry = toEntry(record, await store.revocation(serial), now);
    if ((state ?? entry.state) === entry.state) yield entry;
    return;
  }
  const wanted = { ...(role && { role }), ...(commonName !== undefined && { commonName }) };
  const entries = readEntries(store, wanted, now);
  const matches = (entry: InventoryEntry): boolean =>
    (serial === undefined || entry.serial === serial) && (state === undefined || entry.state === state);
  if (days === undefined) {
    for await (const entry of entries) if (matches(entry)) yield entry;
    return;
  }
  if (!(days >= 0 && days <= 36_500)) {
    throw new PkiError('ERR_PKI_OPTION', 'expiringWithinDays must be 0..36500', { field: 'expiringWithinDays' });
  }
  const good: InventoryEntry[] = [];
  for await (const entry of entries) if (entry.state === 'good') good.push(entry);
  const horizon = now.getTime() + days * DAY_MS;
  const lasting = new Set(good.filter(({ notAfter }) => notAfter.getTime() > horizon).map(holder));
  for (const entry of good) if (!lasting.has(holder(entry)) && matches(entry)) yield entry;
}

const holder = ({ role, commonName }: InventoryEntry): string => `${role} ${commonName}`;

async function* readEntries(
  store: PkiStore,
  filter: { role?: Role | 'ca'; commonName?: string },
  now: Date,
): AsyncGenerator<InventoryEntry> {
  const revocations = new Map<SerialHex, Revocation>();
  for await (const revocation of store.revocations()) revocations.set(revocation.serial, revocation);
  for await (const record of store.list(filter)) {
    yield toEntry(record, revocations.get(record.serial), now);
  }
}

const toEntry = (record: IssuedRecord, revocation: Revocation | undefined, now: Date): InventoryEntry =>
  Object.freeze({ ...record, revocation, state: stateOf(record.notAfter, revocation, now) });
