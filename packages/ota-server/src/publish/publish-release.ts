import { createHash } from 'node:crypto';
import type { ReleaseManifest } from '@secure-esp/protocol';
import { OtaError } from '../errors.js';
import { type ManifestSigner, signManifest } from '../manifest/manifest-signer.js';
import type { FirmwareStore } from '../stores/firmware-store.js';
import { isChannelName, type Release } from '../update/release.js';
import { appendNext } from './append-next.js';
import { imageUrl } from './image-url.js';
import { checkPolicy, checkUpload, type CheckUploadOptions } from './upload-gate.js';

export interface PublishReleaseOptions extends CheckUploadOptions {
  readonly store: FirmwareStore;
  /** Signs the manifest with the release key. */
  readonly signer: ManifestSigner;
  /**
   * Where devices download: any https address of the server's root or of a file in it (`https://ota.example:8070/`). The
   * manifest names `images/<sha256>.bin` relative to it. For images on another host, an address with `{sha256}` in it.
   */
  readonly url: string;
  /** The channel: devices ask for `/<name>.bin`. 1..64 of `A-Z a-z 0-9 . _ -`. Default: the project, other characters as `_`. */
  readonly name?: string;
  /** Only devices that run one of these versions are offered the release. At most 8. Default: all. */
  readonly from?: readonly string[];
  /** How long devices accept the manifest. Default 90 days. See `renewRelease`. */
  readonly expiresInSeconds?: number;
  /** Default: the system's clock. */
  readonly now?: () => Date;
  /** Release a version that is not higher than the newest one. Devices refuse it all the same. Default false. */
  readonly dangerouslyAllowSameOrLowerVersion?: boolean;
  readonly signal?: AbortSignal;
}

export const DEFAULT_EXPIRES_SECONDS = 90 * 24 * 60 * 60;

/**
 * Checks a signed image (the upload gate), signs its manifest and releases both. What is refused leaves nothing behind;
 * what fails half way leaves at most an image that nobody is offered.
 *
 * @throws OtaError a `GateCode` when the image is refused; `bad_option`, `bad_manifest`, `conflict`, `store_failed`,
 * `store_damaged`.
 */
export async function publishRelease(options: PublishReleaseOptions): Promise<Release> {
  const { store, signer, from, signal, now = () => new Date() } = options;
  // The caller's buffer may change while we wait: what was checked is what is stored.
  const image = new Uint8Array(options.image);
  const upload = await checkUpload({ ...options, image });
  const channel = channelOf(options.name, upload.project);
  const expiresInSeconds = checkLifetime(options.expiresInSeconds ?? DEFAULT_EXPIRES_SECONDS);
  const sha256 = createHash('sha256').update(image).digest('hex');
  const url = imageUrl(options.url, sha256);
  const allowSameOrLower = options.dangerouslyAllowSameOrLowerVersion === true;
  let stored = false;

  return appendNext(
    store,
    async (seq, releases) => {
      checkPolicy({ upload, channel, releases, allowSameOrLower });
      const releasedAt = Math.floor(now().getTime() / 1000);
      const draft = {
        seq,
        channel,
        ...upload,
        size: image.length,
        sha256,
        releasedAt,
        expiresAt: releasedAt + expiresInSeconds,
        ...(from === undefined ? {} : { from }),
      };
      const manifest = await signManifest(toManifest(draft, url), signer);
      if (!stored) await store.putImage({ bytes: image, ...(signal === undefined ? {} : { signal }) });
      stored = true;
      return { ...draft, manifest };
    },
    signal,
  );
}

/** The manifest that says what the record says. */
export const toManifest = (release: Release & { readonly expiresAt: number }, url: string): ReleaseManifest => ({
  seq: release.seq,
  exp: release.expiresAt,
  project: release.project,
  chip: release.chip,
  version: release.version,
  secureVersion: release.secureVersion,
  size: release.size,
  sha256: release.sha256,
  image: release.image,
  url,
  ...(release.from === undefined ? {} : { from: [...release.from] }),
});

function channelOf(name: string | undefined, project: string): string {
  const channel = name ?? project.replaceAll(/[^A-Za-z0-9._-]/g, '_').replace(/^\./, '_');
  if (!isChannelName(channel)) {
    throw new OtaError('bad_option', 'name must be 1 to 64 characters of A-Z a-z 0-9 . _ - and not start with a dot');
  }
  return channel;
}

export function checkLifetime(seconds: number): number {
  if (!Number.isInteger(seconds) || seconds < 1 || seconds > 0x7fff_ffff) {
    throw new OtaError('bad_option', 'expiresInSeconds must be an integer from 1 to 2147483647');
  }
  return seconds;
}
