import { createHash } from 'node:crypto';
import type { ReleaseManifest } from '@secure-esp/protocol';
import { OtaError } from '../errors.js';
import { type ManifestSigner, signManifest } from '../manifest/manifest-signer.js';
import type { FirmwareStore } from '../stores/firmware-store.js';
import { isChannelName, type Release } from '../update/release.js';
import { appendNext } from './append-next.js';
import { inTurn } from './image-turn.js';
import { imageUrl } from './image-url.js';
import { type ReceiveOptions, receiveUpload } from './receive-upload.js';
import { findSameRelease } from './same-release.js';
import { checkPolicy, checkUpload, type CheckUploadOptions, createUploadChecker } from './upload-gate.js';

export interface PublishReleaseOptions extends Omit<CheckUploadOptions, 'image'>, ReceiveOptions {
  /**
   * The signed file, as devices will get it: its bytes, or a stream of them (a file's read stream, a request, a web
   * `ReadableStream`, any async iterable). A stream goes to a private file in `stagingDir` and is checked on the way; one
   * image at a time in this process is then read into memory for the rest of the gate.
   *
   * A stream that is refused is ended, not read to its end; only a `node:http` request is left as it is, because closing
   * it would close the connection that the reply needs.
   */
  readonly image: Uint8Array | AsyncIterable<Uint8Array>;
  /** Where image and release are written. */
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
  /**
   * Release a version that is not higher than the newest one. Devices refuse it all the same. Default false. When it
   * makes the difference, the process emits an `OtaSecurityWarning` with code `OTA_VERSION_OVERRIDE`.
   */
  readonly dangerouslyAllowSameOrLowerVersion?: boolean;
  /** Called instead of releasing when this very release is there already, see {@link publishRelease}. */
  readonly onAlreadyReleased?: (release: Release) => void;
}

export const DEFAULT_EXPIRES_SECONDS = 90 * 24 * 60 * 60;

/**
 * Checks a signed image (the upload gate), signs its manifest and releases both. What is refused leaves nothing behind;
 * what fails half way leaves at most an image that nobody is offered.
 *
 * Publishing the same again changes nothing, so a publisher that does not know whether it got through may try again: when
 * the newest release of this project and chip in the channel has the same file and says the same (version, `from`,
 * address, all but number and expiry), is signed by the same key and has not expired, it is returned.
 *
 * @throws OtaError a `GateCode` when the image is refused; `upload_stalled`, `upload_aborted`; `bad_option`,
 * `bad_manifest`, `conflict`, `store_failed`, `store_damaged`. What to do about a `GateCode` is in `GATE_HINTS`.
 */
export async function publishRelease(options: PublishReleaseOptions): Promise<Release> {
  const { image, signal } = options;
  checkLifetime(options.expiresInSeconds ?? DEFAULT_EXPIRES_SECONDS);
  // The caller's buffer may change while we wait: what was checked is what is stored.
  if (image instanceof Uint8Array) return publishBytes(options, new Uint8Array(image));
  const staged = await receiveUpload(image, createUploadChecker(options), options);
  try {
    return await inTurn(async () => publishBytes(options, await staged.read()), signal);
  } finally {
    await staged.close();
  }
}

async function publishBytes(options: PublishReleaseOptions, image: Uint8Array): Promise<Release> {
  const { store, signer, from, signal, now = () => new Date() } = options;
  const upload = await checkUpload({ ...options, image });
  const channel = channelOf(options.name, upload.project);
  const expiresInSeconds = options.expiresInSeconds ?? DEFAULT_EXPIRES_SECONDS;
  const sha256 = createHash('sha256').update(image).digest('hex');
  const url = imageUrl(options.url, sha256);
  const allowSameOrLower = options.dangerouslyAllowSameOrLowerVersion === true;
  let stored = false;
  let existing: Release | undefined;
  let overridden: Release | undefined;

  const release = await appendNext(
    store,
    async (seq, releases) => {
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
      const wanted = toManifest(draft, url);
      existing = await findSameRelease({ releases, channel, wanted, signer, now: now() });
      if (existing === undefined) overridden = checkPolicy({ upload, channel, releases, allowSameOrLower });
      const manifest = existing?.manifest ?? (await signManifest(wanted, signer));
      // Also for an existing release: that heals a damaged file.
      if (!stored) await store.putImage({ bytes: image, ...(signal === undefined ? {} : { signal }) });
      stored = true;
      return existing ?? { ...draft, manifest };
    },
    signal,
  );
  if (existing !== undefined) options.onAlreadyReleased?.(release);
  else if (overridden !== undefined) warnOfOverride(release, overridden);
  return release;
}

function warnOfOverride({ seq, project, version }: Release, { version: newest }: Release): void {
  process.emitWarning(
    `release ${seq} of ${project} has version ${version} although ${newest} is released: devices refuse it`,
    { type: 'OtaSecurityWarning', code: 'OTA_VERSION_OVERRIDE' },
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
