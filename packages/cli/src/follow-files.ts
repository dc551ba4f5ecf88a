import { stat } from 'node:fs/promises';

/** Changes whenever one of the files is replaced, made or deleted: they are renamed into place. */
export async function fileMark(paths: readonly string[]): Promise<string> {
  const marks = paths.map((path) =>
    stat(path).then(
      ({ ino, mtimeMs, size }) => `${ino} ${mtimeMs} ${size}`,
      () => 'none',
    ),
  );
  return (await Promise.all(marks)).join();
}

const SETTLE_MS = 2_000;
const RETRY_MS = 5_000;

/** While files are being replaced, one after the other, they do not fit together: what passes within 2 s is no failure. */
export class Settling {
  #since: number | undefined;

  /** After a failure: milliseconds until the next attempt, and whether to tell of this one. `nowMs` is monotonic. */
  failed(nowMs: number): { readonly retryMs: number; readonly tell: boolean } {
    this.#since ??= nowMs;
    const tell = nowMs - this.#since >= SETTLE_MS;
    return { retryMs: tell ? RETRY_MS : 0, tell };
  }

  succeeded(): void {
    this.#since = undefined;
  }
}
