import type { ReleaseManifest } from '@secure-esp/protocol';
import { type ManifestSigner, signManifest } from '../manifest/manifest-signer.js';
import type { FirmwareStore } from '../stores/firmware-store.js';
import type { Release } from '../update/release.js';
import { appendNext } from './append-next.js';
import { imageUrl } from './image-url.js';
import { DEFAULT_EXPIRES_SECONDS, toManifest } from './publish-release.js';

/** What {@link dangerouslyReleaseUnchecked} writes into the store without looking at it. */
export interface UncheckedReleaseOptions {
  /** Where image and release are written. */
  readonly store: FirmwareStore;
  /** Any bytes. */
  readonly image: Uint8Array;
  /** What the server shall believe of them. `image` defaults to the SHA-256 of the bytes, `secureVersion` to 0. */
  readonly release: Pick<Release, 'channel' | 'project' | 'chip' | 'version'> &
    Partial<Pick<Release, 'secureVersion' | 'image' | 'from' | 'expiresAt'>>;
  /** A manifest that says the same, except for `claims`; or any text as the manifest. Default: none. */
  readonly manifest?:
    string | { readonly signer: ManifestSigner; readonly url: string; readonly claims?: Partial<ReleaseManifest> };
  /** Default: the system's clock. */
  readonly now?: () => Date;
  /** Passed on to the store. */
  readonly signal?: AbortSignal;
}

/**
 * Releases bytes past the upload gate. For one purpose: to serve what no honest server would and see that devices refuse
 * it by themselves. `release` may lie (a high version makes the server offer the image), and so may `claims`.
 * @throws OtaError `bad_option`, `bad_manifest`, `conflict`, `store_failed`, `store_damaged`.
 */
export async function dangerouslyReleaseUnchecked(options: UncheckedReleaseOptions): Promise<Release> {
  const { store, release, manifest, signal, now = () => new Date() } = options;
  const { sha256, size } = await store.putImage({
    bytes: options.image,
    ...(signal === undefined ? {} : { signal }),
  });
  return appendNext(
    store,
    async (seq) => {
      const releasedAt = Math.floor(now().getTime() / 1000);
      const draft: Release = { secureVersion: 0, image: sha256, ...release, seq, size, sha256, releasedAt };
      if (manifest === undefined) return draft;
      if (typeof manifest === 'string') return { ...draft, manifest };
      const expiresAt = release.expiresAt ?? releasedAt + DEFAULT_EXPIRES_SECONDS;
      const said = { ...toManifest({ ...draft, expiresAt }, imageUrl(manifest.url, sha256)), ...manifest.claims };
      return { ...draft, expiresAt, manifest: await signManifest(said, manifest.signer) };
    },
    signal,
  );
}
