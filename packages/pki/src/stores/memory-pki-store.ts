import type { SerialHex } from '../certificate/certificate-info.js';
import type { Role } from '../certificate/profiles.js';
import type { IssuedFilter, IssuedRecord, PkiStore } from './pki-store.js';
import { checkClaim, matchesFilter, type NameClaim, nameKey, serialExists } from './store-rules.js';

/** A store that forgets: for tests, and for certificates whose records live elsewhere. */
export class MemoryPkiStore implements PkiStore {
  readonly #names = new Map<string, NameClaim>();
  readonly #records = new Map<SerialHex, IssuedRecord>();

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
    const records = [...this.#records.values()].sort((a, b) => (a.serial < b.serial ? -1 : 1));
    yield* records.filter((record) => matchesFilter(record, filter));
  }
}
