import { join } from 'node:path';
import { parseCertificatePem, type SerialHex } from '../certificate/certificate-info.js';
import { type Role, ROLES } from '../certificate/profiles.js';
import { isPkiError, PkiError } from '../errors.js';
import { PUBLIC_FILE_MODE, writeFileAtomic } from '../files/atomic-file.js';
import { ensureDirectory, listDirectory } from '../files/directory.js';
import { parseFile, readTextFile } from '../files/text-file.js';
import { encodePem } from '../pem.js';
import { type IssuedFilter, type IssuedRecord, type PkiStore, toRecord } from './pki-store.js';
import { checkClaim, matchesFilter, type NameClaim, nameKey, serialExists } from './store-rules.js';

export interface FilePkiStoreOptions {
  /** called before a file is written, with its path; what it throws stops the write */
  onWrite?: (path: string) => void;
}

const SERIAL = /^[0-9A-F]{2,40}$/;

/**
 * Records as files: `<dir>/<serial>.json` per certificate and `<dir>/names/<name>.json` per owned name. Each file is
 * created once, in one step, and never changed, so readers need no lock and two writers cannot both win.
 */
export class FilePkiStore implements PkiStore {
  readonly #dir: string;
  readonly #namesDir: string;
  readonly #onWrite: (path: string) => void;

  constructor(dir: string, options: FilePkiStoreOptions = {}) {
    this.#dir = dir;
    this.#namesDir = join(dir, 'names');
    this.#onWrite = options.onWrite ?? (() => undefined);
  }

  async claimName(commonName: string, role: Role): Promise<void> {
    const path = join(this.#namesDir, `${encodeURIComponent(nameKey(commonName))}.json`);
    const claim: NameClaim = { commonName, role };
    const owner = await this.#readClaim(path);
    if (owner === undefined && (await this.#create(path, claim))) return;
    // lost a race, or claimed before: the file decides
    checkClaim(owner ?? (await this.#readClaim(path)) ?? claim, claim);
  }

  async put(record: IssuedRecord): Promise<void> {
    if (!(await this.#create(this.#recordPath(record.serial), record))) throw serialExists(record.serial);
  }

  async get(serial: SerialHex): Promise<IssuedRecord | undefined> {
    if (!SERIAL.test(serial)) return undefined;
    const path = this.#recordPath(serial);
    const text = await readTextFile(path);
    return text === undefined ? undefined : parseFile(path, text, (json) => parseRecord(json, serial));
  }

  async *list(filter: IssuedFilter = {}): AsyncGenerator<IssuedRecord> {
    for (const name of await listDirectory(this.#dir)) {
      if (!name.endsWith('.json')) continue;
      const record = await this.get(name.slice(0, -'.json'.length));
      if (record && matchesFilter(record, filter)) yield record;
    }
  }

  #recordPath(serial: SerialHex): string {
    return join(this.#dir, `${serial}.json`);
  }

  async #readClaim(path: string): Promise<NameClaim | undefined> {
    const text = await readTextFile(path);
    return text === undefined ? undefined : parseFile(path, text, parseClaim);
  }

  /** False when the file was there already. */
  async #create(path: string, value: NameClaim | IssuedRecord): Promise<boolean> {
    await ensureDirectory(this.#namesDir, 'public');
    this.#onWrite(path);
    try {
      const text = `${JSON.stringify(value, undefined, 2)}\n`;
      await writeFileAtomic(path, text, { mode: PUBLIC_FILE_MODE, existing: 'refuse' });
      return true;
    } catch (error) {
      if (isPkiError(error) && error.code === 'ERR_PKI_EXISTS') return false;
      throw error;
    }
  }
}

const damaged = (cause?: unknown): PkiError => new PkiError('ERR_PKI_STORE', 'the record is damaged', { cause });

function parseObject(json: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (cause) {
    throw damaged(cause);
  }
  if (typeof value !== 'object' || value === null) throw damaged();
  return { ...value };
}

function parseClaim(json: string): NameClaim {
  const { commonName, role } = parseObject(json);
  const known = ROLES.find((candidate) => candidate === role);
  if (typeof commonName !== 'string' || known === undefined) throw damaged();
  return { commonName, role: known };
}

/** The certificate in the record is the truth; the other fields are there for people with a text editor. */
function parseRecord(json: string, serial: SerialHex): IssuedRecord {
  const { certificate } = parseObject(json);
  if (typeof certificate !== 'string') throw damaged();
  const { info, x509 } = parseCertificatePem(certificate);
  const record = toRecord(info, encodePem('CERTIFICATE', x509.raw));
  if (record?.serial !== serial) throw damaged();
  return record;
}
