import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { checkCommonName, LEAF_PROFILES } from '../../certificate/profiles.js';
import { SECRET_FILE_MODE, writeFileAtomic } from '../../files/atomic-file.js';
import { ensureDirectory, listDirectory } from '../../files/directory.js';
import { ioError, systemCode } from '../../files/io-error.js';
import { withLock } from '../../files/lock-file.js';
import { parseFile, readTextFile } from '../../files/text-file.js';
import type { Claim } from './claim.js';
import { encodeClaim, parseClaimRecord } from './claim-record.js';
import { byDeviceId, checkSpelling, claimKey } from './claim-rules.js';
import type { ClaimStore } from './claim-store.js';

/** How patient a {@link FileClaimStore} is. */
export interface FileClaimStoreOptions {
  /** how long `exclusive` waits for others, default 10,000 */
  readonly lockTimeoutMs?: number;
}

const SUFFIX = '.json';

/**
 * Claims as files `<dir>/<device id>.json` of mode 0600 in a folder of mode 0700, written whole or not at all. In a
 * certificate tree the folder is `claims` (`tree.paths.claimsDir`).
 */
export class FileClaimStore implements ClaimStore {
  readonly #dir: string;
  readonly #lockTimeoutMs: number;

  constructor(dir: string, options: FileClaimStoreOptions = {}) {
    this.#dir = dir;
    this.#lockTimeoutMs = options.lockTimeoutMs ?? 10_000;
  }

  async get(deviceId: string): Promise<Claim | undefined> {
    // it becomes part of a path
    if (!LEAF_PROFILES.device.commonName.pattern.test(deviceId)) return undefined;
    const claim = await read(this.#path(deviceId));
    return claim?.deviceId === deviceId ? claim : undefined;
  }

  async put(claim: Claim): Promise<void> {
    checkCommonName('device', claim.deviceId);
    const path = this.#path(claim.deviceId);
    checkSpelling(await read(path), claim);
    await ensureDirectory(this.#dir, 'secret');
    await writeFileAtomic(path, encodeClaim(claim), { mode: SECRET_FILE_MODE, existing: 'replace' });
  }

  async delete(deviceId: string): Promise<boolean> {
    if ((await this.get(deviceId)) === undefined) return false;
    const path = this.#path(deviceId);
    try {
      await rm(path);
      return true;
    } catch (cause) {
      if (systemCode(cause) === 'ENOENT') return false;
      throw ioError('delete', path, cause);
    }
  }

  async *list(): AsyncGenerator<Claim> {
    const claims: Claim[] = [];
    for (const name of await listDirectory(this.#dir)) {
      const claim = name.endsWith(SUFFIX) ? await read(join(this.#dir, name)) : undefined;
      if (claim) claims.push(claim);
    }
    yield* claims.sort(byDeviceId);
  }

  async exclusive<T>(deviceId: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    checkCommonName('device', deviceId);
    await ensureDirectory(this.#dir, 'secret');
    const path = join(this.#dir, `.${claimKey(deviceId)}.lock`);
    return withLock(path, { timeoutMs: this.#lockTimeoutMs, signal }, work);
  }

  #path(deviceId: string): string {
    return join(this.#dir, `${claimKey(deviceId)}${SUFFIX}`);
  }
}

async function read(path: string): Promise<Claim | undefined> {
  const text = await readTextFile(path);
  return text === undefined ? undefined : parseFile(path, text, parseClaimRecord);
}
