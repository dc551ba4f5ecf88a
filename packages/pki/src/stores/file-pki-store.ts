import { basename, join } from 'node:path';
import type { SerialHex } from '../certificate/certificate-info.js';
import type { Role } from '../certificate/profiles.js';
import { isPkiError } from '../errors.js';
import { PUBLIC_FILE_MODE, writeFileAtomic } from '../files/atomic-file.js';
import { ensureDirectory, listDirectory } from '../files/directory.js';
import { createFilesAtomic, inLanes } from '../files/group-write.js';
import { parseFile, readTextFile } from '../files/text-file.js';
import { CrlFiles } from './crl-files.js';
import type { IssuedFilter, IssuedRecord, PkiStore } from './pki-store.js';
import { parseClaim, parseRecord, parseRevocation } from './record-files.js';
import { checkRevocation, type CrlRecord, type Revocation } from './revocation.js';
import { checkClaim, matchesFilter, type NameClaim, nameKey, serialExists, unknownSerial } from './store-rules.js';

/** Hooks of a {@link FilePkiStore}. */
export interface FilePkiStoreOptions {
  /** called before a file is made, with its path; what it throws stops the write */
  onWrite?: (path: string) => void;
}

const SERIAL = /^[0-9A-F]{2,40}$/;
const READS_AT_ONCE = 8;

const toText = (value: NameClaim | IssuedRecord | Revocation): string => `${JSON.stringify(value, undefined, 2)}\n`;

/**
 * Records as files: `<dir>/<serial>.json` per certificate, `<dir>/names/<name>.json` per owned name,
 * `<dir>/revoked/<serial>.json` per revocation and `<dir>/crls/<issuer>/<number>.json` per revocation list. The first
 * three are created once, in one step, and never changed, so readers need no lock and two writers cannot both win.
 */
export class FilePkiStore implements PkiStore {
  readonly #dir: string;
  readonly #namesDir: string;
  readonly #revokedDir: string;
  readonly #crls: CrlFiles;
  readonly #onWrite: (path: string) => void;
  /** whose record is in which file, as far as it was read: a server asks for one name again and again */
  readonly #holders = new Map<SerialHex, IssuedFilter>();

  constructor(dir: string, options: FilePkiStoreOptions = {}) {
    this.#dir = dir;
    this.#namesDir = join(dir, 'names');
    this.#revokedDir = join(dir, 'revoked');
    this.#onWrite = options.onWrite ?? (() => undefined);
    this.#crls = new CrlFiles(join(dir, 'crls'), this.#onWrite);
  }

  async claimName(commonName: string, role: Role): Promise<void> {
    const path = this.#claimPath(commonName);
    const claim: NameClaim = { commonName, role };
    const owner = await this.#readClaim(path);
    if (owner === undefined && (await this.#create(path, claim, this.#namesDir))) return;
    // lost a race, or claimed before: the file decides
    checkClaim(owner ?? (await this.#readClaim(path)) ?? claim, claim);
  }

  async put(record: IssuedRecord): Promise<void> {
    if (await this.#create(this.#recordPath(record.serial), record, this.#namesDir)) return;
    throw serialExists(record.serial);
  }

  /**
   * `claimName` for many names of one role, the disk being waited for once. Each is claimed or not; which, an error does
   * not say: claim them again.
   *
   * @throws PkiError `ERR_PKI_NAME`, before anything is written, `ERR_PKI_STORE`, `ERR_PKI_IO`
   */
  async claimNames(commonNames: readonly string[], role: Role): Promise<void> {
    const free: { path: string; claim: NameClaim }[] = [];
    await inLanes(commonNames, READS_AT_ONCE, async (commonName) => {
      const claim: NameClaim = { commonName, role };
      const path = this.#claimPath(commonName);
      const owner = await this.#readClaim(path);
      if (owner === undefined) free.push({ path, claim });
      else checkClaim(owner, claim);
    });
    const lost: { path: string; claim: NameClaim }[] = [];
    await ensureDirectory(this.#namesDir, 'public');
    const files = free.map(({ path, claim }) => ({ path, text: toText(claim), mode: PUBLIC_FILE_MODE }));
    for (const { path } of files) this.#onWrite(path);
    await createFilesAtomic(files, (file) => {
      lost.push(...free.filter(({ path }) => path === file.path));
    });
    for (const { path, claim } of lost) checkClaim((await this.#readClaim(path)) ?? claim, claim);
  }

  /**
   * `put` for many records, the disk being waited for once. Each is recorded or not; which, an error does not say.
   *
   * @throws PkiError `ERR_PKI_EXISTS`, `ERR_PKI_IO`
   */
  async putAll(records: readonly IssuedRecord[]): Promise<void> {
    await ensureDirectory(this.#namesDir, 'public');
    const files = records.map((record) => ({
      path: this.#recordPath(record.serial),
      text: toText(record),
      mode: PUBLIC_FILE_MODE,
    }));
    for (const { path } of files) this.#onWrite(path);
    await createFilesAtomic(files, ({ path }) => {
      throw serialExists(basename(path, '.json'));
    });
  }

  async get(serial: SerialHex): Promise<IssuedRecord | undefined> {
    if (!SERIAL.test(serial)) return undefined;
    const path = this.#recordPath(serial);
    const text = await readTextFile(path);
    return text === undefined ? undefined : parseFile(path, text, (json) => parseRecord(json, serial));
  }

  async *list(filter: IssuedFilter = {}): AsyncGenerator<IssuedRecord> {
    for (const serial of await serialsIn(this.#dir)) {
      const holder = this.#holders.get(serial);
      if (holder && !matchesFilter(holder, filter)) continue;
      const record = await this.get(serial);
      if (!record) continue;
      this.#holders.set(serial, { role: record.role, commonName: record.commonName });
      if (matchesFilter(record, filter)) yield record;
    }
  }

  async revoke(serial: SerialHex, given: Omit<Revocation, 'serial'>): Promise<Revocation> {
    const revocation = checkRevocation(serial, given);
    if ((await this.get(serial)) === undefined) throw unknownSerial(serial);
    const first = await this.revocation(serial);
    if (first !== undefined) return first;
    if (await this.#create(this.#revocationPath(serial), revocation, this.#revokedDir)) return revocation;
    return (await this.revocation(serial)) ?? revocation;
  }

  async revocation(serial: SerialHex): Promise<Revocation | undefined> {
    if (!SERIAL.test(serial)) return undefined;
    const path = this.#revocationPath(serial);
    const text = await readTextFile(path);
    return text === undefined ? undefined : parseFile(path, text, (json) => parseRevocation(json, serial));
  }

  async *revocations(): AsyncGenerator<Revocation> {
    for (const serial of await serialsIn(this.#revokedDir)) {
      const revocation = await this.revocation(serial);
      if (revocation) yield revocation;
    }
  }

  nextCrlNumber(issuerKeyId: string): Promise<bigint> {
    return this.#crls.reserve(issuerKeyId);
  }

  putCrl(record: CrlRecord): Promise<void> {
    return this.#crls.put(record);
  }

  latestCrl(issuerKeyId: string): Promise<CrlRecord | undefined> {
    return this.#crls.latest(issuerKeyId);
  }

  #claimPath(commonName: string): string {
    return join(this.#namesDir, `${encodeURIComponent(nameKey(commonName))}.json`);
  }

  #recordPath(serial: SerialHex): string {
    return join(this.#dir, `${serial}.json`);
  }

  #revocationPath(serial: SerialHex): string {
    return join(this.#revokedDir, `${serial}.json`);
  }

  async #readClaim(path: string): Promise<NameClaim | undefined> {
    const text = await readTextFile(path);
    return text === undefined ? undefined : parseFile(path, text, parseClaim);
  }

  /** False when the file was there already. */
  async #create(path: string, value: NameClaim | IssuedRecord | Revocation, directory: string): Promise<boolean> {
    await ensureDirectory(directory, 'public');
    this.#onWrite(path);
    try {
      await writeFileAtomic(path, toText(value), { mode: PUBLIC_FILE_MODE, existing: 'refuse' });
      return true;
    } catch (error) {
      if (isPkiError(error) && error.code === 'ERR_PKI_EXISTS') return false;
      throw error;
    }
  }
}

const serialsIn = async (directory: string): Promise<string[]> =>
  (await listDirectory(directory))
    .filter((name) => name.endsWith('.json'))
    .map((name) => name.slice(0, -'.json'.length));
