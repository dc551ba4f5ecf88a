import { OtaError } from '../errors.js';
import { type ManifestSigner, signManifest } from '../manifest/manifest-signer.js';
import { verifyManifest } from '../manifest/manifest-verifier.js';
import type { FirmwareStore } from '../stores/firmware-store.js';
import { isSameVersion, newestOf } from '../update/decide-update.js';
import type { Release } from '../update/release.js';
import { appendNext } from './append-next.js';
import { checkLifetime, DEFAULT_EXPIRES_SECONDS } from './publish-release.js';

/** Which release {@link renewRelease} offers for longer, and whose key signs the new manifest. */
export interface RenewReleaseOptions {
  /** Holds the release, and gets the renewed one. */
  readonly store: FirmwareStore;
  /** Number of the release to renew: the newest version for its project and chip. */
  readonly seq: number;
  /** Signs the new manifest with the release key. */
  readonly signer: ManifestSigner;
  /** Public release keys (PEM) that may have signed the old manifest. Default: the signer's. */
  readonly publicKeys?: readonly string[];
  /** Default 90 days. */
  readonly expiresInSeconds?: number;
  /** Default: the system's clock. */
  readonly now?: () => Date;
  /** Passed on to the store. */
  readonly signal?: AbortSignal;
}

/**
 * Vouches for a release for longer: the same image under a new number, with a new manifest. The old manifest is verified
 * first, so whoever can write to the store cannot have things signed.
 *
 * Only the newest version can be renewed: devices refuse a lower number than the highest they saw, so an older version
 * under a newer number would lock them out of the newest one.
 * @throws OtaError `unknown_release`, `lower_version` (a higher version is released), `bad_manifest` (there is none, or it
 * does not verify), `bad_option`, `conflict`, `store_failed`, `store_damaged`.
 */
export async function renewRelease(options: RenewReleaseOptions): Promise<Release> {
  const { store, signer, signal, now = () => new Date() } = options;
  const expiresInSeconds = checkLifetime(options.expiresInSeconds ?? DEFAULT_EXPIRES_SECONDS);
  const publicKeys = options.publicKeys ?? [signer.publicKeyPem];
  return appendNext(
    store,
    async (seq, releases) => {
      const old = releases.find((release) => release.seq === options.seq);
      if (old === undefined) throw new OtaError('unknown_release', `there is no release ${options.seq}`);
      const newest = newestOf(releases.filter(({ project, chip }) => project === old.project && chip === old.chip));
      if (newest !== undefined && !isSameVersion(newest.version, old.version)) {
        throw new OtaError('lower_version', `version ${newest.version} is released already`);
      }
      const verdict = await verifyManifest(old.manifest ?? '', publicKeys);
      if (!verdict.ok) {
        throw new OtaError('bad_manifest', `the manifest of release ${options.seq} does not verify: ${verdict.detail}`);
      }
      const { manifest } = verdict;
      const releasedAt = Math.floor(now().getTime() / 1000);
      const expiresAt = releasedAt + expiresInSeconds;
      return {
        seq,
        channel: old.channel,
        project: manifest.project,
        chip: manifest.chip,
        version: manifest.version,
        secureVersion: manifest.secureVersion,
        size: manifest.size,
        sha256: manifest.sha256,
        image: manifest.image,
        releasedAt,
        expiresAt,
        ...(manifest.from === undefined ? {} : { from: manifest.from }),
        manifest: await signManifest({ ...manifest, seq, exp: expiresAt }, signer),
      };
    },
    signal,
  );
}
