import { dirname, relative, sep } from 'node:path';
import { PUBLIC_FILE_MODE, SECRET_FILE_MODE, writeFileAtomic } from '../files/atomic-file.js';
import { ensureDirectory } from '../files/directory.js';

/** One step of a run, told before it happens. */
export interface PkiProgress {
  /** for people: `write ca/keys/ca.key`, `make the v2-rsa-3072 key` */
  readonly step: string;
  /** the file to be written, relative to the root of the tree, with `/` */
  readonly path?: string;
}

export interface TreeWriterOptions {
  onProgress?: ((event: PkiProgress) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/** Writes files of one tree atomically and remembers which. */
export class TreeWriter {
  readonly #root: string;
  readonly #options: TreeWriterOptions;
  readonly #written: string[] = [];

  constructor(root: string, options: TreeWriterOptions = {}) {
    this.#root = root;
    this.#options = options;
  }

  /** Paths relative to the root, with `/`, in order of writing. */
  get written(): readonly string[] {
    return [...this.#written];
  }

  /** A place where the run may be stopped. */
  step(step: string, path?: string): void {
    this.#options.signal?.throwIfAborted();
    this.#options.onProgress?.(path === undefined ? { step } : { step, path });
  }

  /** Tells and remembers a file that somebody else writes. */
  announce(path: string): void {
    const name = relative(this.#root, path).split(sep).join('/');
    this.step(`write ${name}`, name);
    if (!this.#written.includes(name)) this.#written.push(name);
  }

  /**
   * A private key: 0600, in a directory of 0700, never over an existing file. The root of the tree keeps its mode: it
   * may be somebody's project folder.
   */
  async createSecret(path: string, text: string): Promise<void> {
    const directory = dirname(path);
    if (directory !== this.#root) await ensureDirectory(directory, 'secret');
    this.announce(path);
    await writeFileAtomic(path, text, { mode: SECRET_FILE_MODE, existing: 'refuse' });
  }

  /** The same over an existing file: for copies of a key only. */
  async replaceSecret(path: string, text: string): Promise<void> {
    await ensureDirectory(dirname(path), 'secret');
    this.announce(path);
    await writeFileAtomic(path, text, { mode: SECRET_FILE_MODE, existing: 'replace' });
  }

  /** A certificate, beside keys (`secret`: the directory is closed to others) or among its like. */
  async writePublic(path: string, text: string, directory: 'secret' | 'public' = 'public'): Promise<void> {
    await ensureDirectory(dirname(path), directory);
    this.announce(path);
    await writeFileAtomic(path, text, { mode: PUBLIC_FILE_MODE, existing: 'replace' });
  }
}
