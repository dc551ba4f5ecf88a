import { listNames } from './durable-file.js';
import { lookUp } from './look-up.js';

/** File systems tell times apart that lie this far from each other, and clocks of one machine agree that well. */
const SETTLED_MS = 2000;

interface Listing {
  readonly names: readonly string[];
  /** What changes with every name that comes or goes. */
  readonly version: string;
}

/** The names in a directory, listed again only when it has changed; for directories of one machine. */
export class DirectoryListing {
  readonly #dir: string;
  #settled: Listing | undefined;

  constructor(dir: string) {
    this.#dir = dir;
  }

  /** Sorted; none when it does not exist. The same array as before when nothing has changed. */
  async names(): Promise<readonly string[]> {
    const nowMs = Date.now();
    const found = lookUp(this.#dir);
    if (found === undefined) return [];
    const version = `${found.ino}:${found.mtimeMs}`;
    if (this.#settled?.version === version) return this.#settled.names;
    const names = await listNames(this.#dir);
    // Of two changes close to each other the second may leave no trace: what was listed between them must not be kept.
    this.#settled = nowMs - found.mtimeMs > SETTLED_MS ? { names, version } : undefined;
    return names;
  }
}
