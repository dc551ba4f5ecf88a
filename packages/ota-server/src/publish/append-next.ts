import { isOtaError, OtaError } from '../errors.js';
import type { FirmwareStore } from '../stores/firmware-store.js';
import type { Release } from '../update/release.js';

const MAX_ATTEMPTS = 8;

/**
 * Appends the release that `draft` makes for the next number. When another publisher takes that number first, everything
 * is read and decided again, so two publishers never both pass a check against the same old state. A draft with another
 * number is a release that is there already: nothing is appended.
 * @throws OtaError `conflict` after 8 lost races, and whatever `draft` throws.
 */
export async function appendNext(
  store: FirmwareStore,
  draft: (seq: number, releases: readonly Release[]) => Promise<Release>,
  signal: AbortSignal | undefined,
): Promise<Release> {
  const withSignal = signal === undefined ? {} : { signal };
  for (let attempt = 1; ; attempt += 1) {
    const releases = await store.listReleases(withSignal);
    const seq = (releases.at(-1)?.seq ?? 0) + 1;
    const release = await draft(seq, releases);
    if (release.seq !== seq) return release;
    try {
      await store.appendRelease({ release, ...withSignal });
      return release;
    } catch (error) {
      if (!isOtaError(error) || error.code !== 'conflict') throw error;
      if (attempt === MAX_ATTEMPTS) {
        throw new OtaError('conflict', `other publishers were faster ${MAX_ATTEMPTS} times in a row`, { cause: error });
      }
    }
  }
}
