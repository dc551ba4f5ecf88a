import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isPkiError } from '../errors.js';
import { exists, PUBLIC_FILE_MODE, writeFileAtomic } from '../files/atomic-file.js';
import { ensureDirectory, listDirectory } from '../files/directory.js';
import { ioError } from '../files/io-error.js';
import { parseFile, readTextFile } from '../files/text-file.js';
import { MAX_CRL_BYTES } from '../crl/crl-limits.js';
import { parseCrlRecord } from './record-files.js';
import type { CrlRecord } from './revocation.js';
import { checkIssuerKeyId, unknownCrlNumber } from './store-rules.js';

/**
 * Revocation lists as `<dir>/<issuer>/<number>.json`. The file is created without a list, which reserves the number,
 * and replaced by one with it. The highest file is never deleted, so no number is given twice, also after a crash.
 */
export class CrlFiles {
  readonly #dir: string;
  readonly #onWrite: (path: string) => void;

  constructor(dir: string, onWrite: (path: string) => void) {
    this.#dir = dir;
    this.#onWrite = onWrite;
  }

  async reserve(issuerKeyId: string): Promise<bigint> {
    const dir = this.#issuerDir(issuerKeyId);
    await ensureDirectory(dir, 'public');
    for (;;) {
      const number = ((await this.#numbers(issuerKeyId))[0] ?? 0n) + 1n;
      const path = this.#path(issuerKeyId, number);
      this.#onWrite(path);
      if (!(await create(path, number))) continue;
      // a slow writer may have created anew a low file that others had long used and cleared away
      if ((await this.#numbers(issuerKeyId))[0] === number) return number;
      await remove(path);
    }
  }

  async put({ issuerKeyId, number, crl }: CrlRecord): Promise<void> {
    const path = this.#path(issuerKeyId, number);
    const numbers = await this.#numbers(issuerKeyId);
    if (number < 1n || !numbers.some((known) => known >= number)) throw unknownCrlNumber(number);
    const latest = await this.latest(issuerKeyId);
    if (latest !== undefined && latest.number >= number) return;
    const text = `${JSON.stringify({ number: String(number), crl }, undefined, 2)}\n`;
    await writeFileAtomic(path, text, { mode: PUBLIC_FILE_MODE, existing: 'replace' });
    for (const older of numbers.filter((known) => known < number)) await remove(this.#path(issuerKeyId, older));
  }

  async latest(issuerKeyId: string): Promise<CrlRecord | undefined> {
    for (const number of await this.#numbers(issuerKeyId)) {
      const path = this.#path(issuerKeyId, number);
      // a PEM text in JSON needs one character more per line
      const json = await readTextFile(path, 2 * MAX_CRL_BYTES);
      const crl = json === undefined ? undefined : parseFile(path, json, (text) => parseCrlRecord(text, number));
      if (crl !== undefined) return Object.freeze({ issuerKeyId, number, crl });
    }
    return undefined;
  }

  /** Highest first. */
  async #numbers(issuerKeyId: string): Promise<bigint[]> {
    const names = await listDirectory(this.#issuerDir(issuerKeyId));
    const numbers = names.map((name) => /^([1-9][0-9]*)\.json$/.exec(name)?.[1]);
    return numbers
      .filter((number) => number !== undefined)
      .map(BigInt)
      .sort((a, b) => (a > b ? -1 : 1));
  }

  #issuerDir(issuerKeyId: string): string {
    return join(this.#dir, checkIssuerKeyId(issuerKeyId));
  }

  #path(issuerKeyId: string, number: bigint): string {
    return join(this.#issuerDir(issuerKeyId), `${number}.json`);
  }
}

/** False when the file was there already. */
async function create(path: string, number: bigint): Promise<boolean> {
  try {
    const text = `${JSON.stringify({ number: String(number) })}\n`;
    await writeFileAtomic(path, text, { mode: PUBLIC_FILE_MODE, existing: 'refuse' });
    return true;
  } catch (error) {
    if (isPkiError(error) && error.code === 'ERR_PKI_EXISTS') return false;
    throw error;
  }
}

async function remove(path: string): Promise<void> {
  try {
    await rm(path, { force: true });
  } catch (cause) {
    if (await exists(path)) throw ioError('delete', path, cause);
  }
}
