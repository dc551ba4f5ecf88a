import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { isOtaError, OtaError } from '../errors.js';
import { isSha256, type Release } from '../update/release.js';
import { BlockCache } from './block-cache.js';
import { DirectoryListing } from './directory-listing.js';
import { errnoOf, OPEN_READ, removeStaleFiles, writeDurably } from './durable-file.js';
import type { FirmwareStore, StoredImage } from './firmware-store.js';
import { lookUp } from './look-up.js';
import { readImageFile } from './read-image-file.js';
import { checkRelease, decodeRelease, encodeRelease } from './release-record.js';

/** Folder and memory of a store in files. */
export interface FileFirmwareStoreOptions {
  /** Created on the first write. Holds `images/<sha256>.bin`, `releases/<seq>.json` and `tmp/`. */
  readonly dir: string;
  /**
   * Most memory for bytes of images that several readers share, in bytes. Default 32 MiB; 0 reads every byte from the file,
   * for each reader.
   */
  readonly cacheBytes?: number;
  /** Called before each change on disk; what it throws stops the change. For logs and failure tests. */
  readonly onStep?: (step: FileStoreStep) => void;
}

/**
 * A change on disk: of an image or a release, `write` to a temporary file, `sync` of it, `publish` under its own name.
 */
export type FileStoreStep = `${'image' | 'release'}:${'write' | 'sync' | 'publish'}`;

const RECORD_NAME = /^([0-9]{10})\.json$/;
const MAX_RECORD_BYTES = 64 * 1024;
const DEFAULT_CACHE_BYTES = 32 * 1024 * 1024;
const STALE_MS = 24 * 60 * 60 * 1000;

/**
 * Firmware as plain files, for one machine. Several processes may share the directory (a server and a command line):
 * every file is created once, complete and synced, and never changed; whoever creates `releases/<seq>.json` first owns
 * that number. A process killed at any point leaves the store as it was before or after, plus at most a temporary file
 * that a later write removes. The file system must support hard links.
 */
export function createFileFirmwareStore(options: FileFirmwareStoreOptions): FirmwareStore {
  return new FileFirmwareStore(options);
}

class FileFirmwareStore implements FirmwareStore {
  readonly #images: string;
  readonly #releases: string;
  readonly #recordNames: DirectoryListing;
  readonly #cache: BlockCache;
  readonly #temporary: string;
  readonly #onStep: (step: FileStoreStep) => void;
  /** Records are immutable, so what was read once stays true. */
  readonly #known = new Map<number, Release>();

  constructor({ dir, cacheBytes = DEFAULT_CACHE_BYTES, onStep }: FileFirmwareStoreOptions) {
    if (dir === '') throw new OtaError('bad_option', 'dir must name a directory');
    if (!Number.isSafeInteger(cacheBytes) || cacheBytes < 0) {
      throw new OtaError('bad_option', 'cacheBytes must be a whole number of bytes, 0 or more');
    }
    this.#cache = new BlockCache(cacheBytes);
    this.#images = join(dir, 'images');
    this.#releases = join(dir, 'releases');
    this.#recordNames = new DirectoryListing(this.#releases);
    this.#temporary = join(dir, 'tmp');
    this.#onStep = onStep ?? (() => undefined);
  }

  async listReleases({ channel, signal }: { channel?: string; signal?: AbortSignal } = {}): Promise<
    readonly Release[]
  > {
    signal?.throwIfAborted();
    const releases: Release[] = [];
    for (const seq of await this.#numbers()) {
      const release = this.#known.get(seq) ?? (await this.#readRecord(seq));
      this.#known.set(seq, release);
      if (channel === undefined || release.channel === channel) releases.push(release);
    }
    return releases;
  }

  statImage({ sha256, signal }: { sha256: string; signal?: AbortSignal }): Promise<StoredImage | undefined> {
    return new Promise((resolve) => {
      signal?.throwIfAborted();
      resolve(isSha256(sha256) ? this.#findImage(sha256) : undefined);
    });
  }

  readImage(options: {
    sha256: string;
    start?: number;
    end?: number;
    signal?: AbortSignal;
  }): AsyncGenerator<Uint8Array> {
    const { sha256, start = 0, end, signal } = options;
    const path = isSha256(sha256) ? this.#imagePath(sha256) : undefined;
    return readImageFile({ path, start, end, signal, cache: this.#cache });
  }

  async putImage({ bytes, signal }: { bytes: Uint8Array; signal?: AbortSignal }): Promise<StoredImage> {
    signal?.throwIfAborted();
    const copy = new Uint8Array(bytes);
    const sha256 = createHash('sha256').update(copy).digest('hex');
    try {
      await removeStaleFiles(this.#temporary, STALE_MS);
      // replaced even if it is there: that heals a damaged file, and readers keep the one they opened
      await this.#write('image', this.#imagePath(sha256), copy, 'replace');
    } catch (cause) {
      throw failed('the image cannot be stored', cause);
    }
    return { sha256, size: copy.length };
  }

  async appendRelease({ release, signal }: { release: Release; signal?: AbortSignal }): Promise<void> {
    signal?.throwIfAborted();
    const record = checkRelease(release);
    const stored = await this.statImage({ sha256: record.sha256 });
    if (stored?.size !== record.size) {
      throw new OtaError('bad_option', 'release.sha256 and release.size name no stored image');
    }
    const conflict = (cause?: unknown) =>
      new OtaError('conflict', `release ${record.seq} is not the next one`, { cause });
    if (record.seq !== ((await this.#numbers()).at(-1) ?? 0) + 1) throw conflict();
    try {
      await this.#write('release', this.#recordPath(record.seq), encodeRelease(record), 'refuse');
    } catch (cause) {
      throw errnoOf(cause) === 'EEXIST' ? conflict(cause) : failed('the release cannot be recorded', cause);
    }
  }

  async #numbers(): Promise<number[]> {
    try {
      const names = await this.#recordNames.names();
      return names.flatMap((name) => RECORD_NAME.exec(name)?.[1] ?? []).map(Number);
    } catch (cause) {
      throw failed('the releases cannot be listed', cause);
    }
  }

  async #readRecord(seq: number): Promise<Release> {
    try {
      const handle = await open(this.#recordPath(seq), OPEN_READ);
      try {
        if ((await handle.stat()).size > MAX_RECORD_BYTES) {
          throw new OtaError('store_damaged', `the record of release ${seq} is too long`);
        }
        return decodeRelease(await handle.readFile('utf8'), seq);
      } finally {
        await handle.close();
      }
    } catch (cause) {
      throw failed(`the record of release ${seq} cannot be read`, cause);
    }
  }

  #findImage(sha256: string): StoredImage | undefined {
    try {
      const found = lookUp(this.#imagePath(sha256));
      return found?.isFile() === true ? { sha256, size: found.size } : undefined;
    } catch (cause) {
      throw failed('an image cannot be looked up', cause);
    }
  }

  #write(kind: 'image' | 'release', path: string, bytes: Uint8Array | string, existing: 'replace' | 'refuse') {
    return writeDurably({
      temporaryDir: this.#temporary,
      path,
      bytes,
      existing,
      onStep: (step) => {
        this.#onStep(`${kind}:${step}`);
      },
    });
  }

  #imagePath(sha256: string): string {
    return join(this.#images, `${sha256}.bin`);
  }

  #recordPath(seq: number): string {
    return join(this.#releases, `${String(seq).padStart(10, '0')}.json`);
  }
}

const failed = (message: string, cause: unknown): OtaError =>
  isOtaError(cause) ? cause : new OtaError('store_failed', message, { cause });
