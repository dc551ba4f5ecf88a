import { isDeepStrictEqual } from 'node:util';
import type { ReleaseManifest } from '@secure-esp/protocol';
import type { ManifestSigner } from '../manifest/manifest-signer.js';
import { verifyManifest } from '../manifest/manifest-verifier.js';
import { newestOf } from '../update/decide-update.js';
import type { Release } from '../update/release.js';

/**
 * The newest release of this project and chip in `channel`, if its manifest says what `wanted` says (but for number and
 * expiry), verifies with the signer's key and has not expired. Then publishing again would change nothing.
 */
export async function findSameRelease(search: {
  readonly releases: readonly Release[];
  readonly channel: string;
  readonly wanted: ReleaseManifest;
  readonly signer: ManifestSigner;
  readonly now: Date;
}): Promise<Release | undefined> {
  const { wanted, signer, now } = search;
  const isRival = ({ channel, project, chip }: Release): boolean =>
    channel === search.channel && project === wanted.project && chip === wanted.chip;
  const newest = newestOf(search.releases.filter(isRival));
  if (newest?.manifest === undefined || newest.sha256 !== wanted.sha256) return undefined;
  const verdict = await verifyManifest(newest.manifest, [signer.publicKeyPem], { now });
  if (!verdict.ok) return undefined;
  const { seq, exp } = verdict.manifest;
  return isDeepStrictEqual({ ...verdict.manifest }, { ...wanted, seq, exp }) ? newest : undefined;
}
