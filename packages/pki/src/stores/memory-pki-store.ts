import type { SerialHex } from '../certificate/certificate-info.js';
import type { Role } from '../certificate/profiles.js';
import type { IssuedFilter, IssuedRecord, PkiStore } from './pki-store.js';
import { checkRevocation, type CrlRecord, type Revocation } from './revocation.js';
import {
  checkClaim,
  checkIssuerKeyId,
  matchesFilter,
  type NameClaim,
  nameKey,
  serialExists,
  unknownCrlNumber,
  unknownSerial,
} from './store-rules.js';

const bySerial = (a: { serial: SerialHex }, b: { serial: SerialHex }): number => (a.serial < b.serial ? -1 : 1);

/** A store that forgets: for tests, and for certificates whose records live elsewhere. */
export class MemoryPkiStore implements PkiStore {
  readonly #names = new Map<string, NameClaim>();
  readonly #records = new Map<SerialHex, IssuedRecord>();

  readonly #revocations = new Map<SerialHex, Revocation>();
  readonly #crlNumbers = new Map<string, bigint>();
  readonly #crls = new Map<string, CrlRecord>();

  async claimName(commonName: string, role: Role): Promise<void> {
    await Promise.resolve();
    const owner = this.#names.get(nameKey(commonName));
    if (owner) checkClaim(owner, { commonName, role });
    else this.#names.set(nameKey(commonName), { commonName, role });
  }

  async put(record: IssuedRecord): Promise<void> {
    await Promise.resolve();
    if (this.#records.has(record.serial)) throw serialExists(record.serial);
    this.#records.set(record.serial, Object.freeze({ ...record }));
  }

  get(serial: SerialHex): Promise<IssuedRecord | undefined> {
    return Promise.resolve(this.#records.get(serial));
  }

  async *list(filter: IssuedFilter = {}): AsyncGenerator<IssuedRecord> {
    await Promise.resolve();
    const records = [...this.#records.values()].sort(bySerial);
    yield* records.filter((record) => matchesFilter(record, filter));
  }

  async revoke(serial: SerialHex, given: Omit<Revocation, 'serial'>): Promise<Revocation> {
    await Promise.resolve();
    const revocation = checkRevocation(serial, given);
    if (!this.#records.has(serial)) throw unknownSerial(serial);
    const first = this.#revocations.get(serial);
    if (first === undefined) this.#revocations.set(serial, revocation);
    return first ?? revocation;
  }

  revocation(serial: SerialHex): Promise<Revocation | undefined> {
    return Promise.resolve(this.#revocations.get(serial));
  }

  async *revocations(): AsyncGenerator<Revocation> {
    await Promise.resolve();
    yield* [...this.#revocations.values()].sort(bySerial);
  }

  async nextCrlNumber(issuerKeyId: string): Promise<bigint> {
    await Promise.resolve();
    const number = (this.#crlNumbers.get(checkIssuerKeyId(issuerKeyId)) ?? 0n) + 1n;
    this.#crlNumbers.set(issuerKeyId, number);
    return number;
  }

  async putCrl(record: CrlRecord): Promise<void> {
    await Promise.resolve();
    const { issuerKeyId, number } = record;
    if (number < 1n || number > (this.#crlNumbers.get(checkIssuerKeyId(issuerKeyId)) ?? 0n)) {
      throw unknownCrlNumber(number);
    }
    const latest = this.#crls.get(issuerKeyId);
    if (latest === undefined || latest.number < number) this.#crls.set(issuerKeyId, Object.freeze({ ...record }));
  }

  latestCrl(issuerKeyId: string): Promise<CrlRecord | undefined> {
    return Promise.resolve(this.#crls.get(issuerKeyId));
  }
}
