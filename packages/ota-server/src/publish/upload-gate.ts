import {
  compareVersions,
  containsPrivateKey,
  createImageStreamChecker,
  describesProduct,
  type ImageStreamChecker,
  isFirmwareImageError,
  parseVersion,
  type TrustedKeys,
  verifyImage,
  type VerifyOptions,
} from '@secure-esp/firmware-image';
import { isGateCode, OtaError } from '../errors.js';
import { newestOf } from '../update/decide-update.js';
import type { Release } from '../update/release.js';

/** `schemes`, `maxBlocks`, `chip` and `chipRevision`: what the devices insist on, see `verifyImage`. */
export interface CheckUploadOptions extends Pick<VerifyOptions, 'schemes' | 'maxBlocks' | 'chip' | 'chipRevision'> {
  /** The signed file, as devices will get it. */
  readonly image: Uint8Array;
  /** The firmware keys of the project. */
  readonly trusted: TrustedKeys;
  /** The project that the image must be of; needed when its descriptor names none. Default: the descriptor's. */
  readonly project?: string;
  /** The release's version, where the descriptor's is not the product's (Arduino, MicroPython). Default: the descriptor's. */
  readonly version?: string;
  /** Default 16 MiB, the largest flash of most modules. */
  readonly maxImageBytes?: number;
}

/** What a release record says of an image that passed the gate. */
export type Upload = Pick<Release, 'project' | 'chip' | 'version' | 'secureVersion' | 'image'>;

const DEFAULT_MAX_IMAGE_BYTES = 16 * 1024 * 1024;
const MAX_TEXT_BYTES = 32;

/** What of the gate can be told while the image arrives. Every image passes it first, so that one file has one verdict. */
export function createUploadChecker(
  options: Pick<CheckUploadOptions, 'chip' | 'chipRevision' | 'maxImageBytes'>,
): ImageStreamChecker {
  const { chip, chipRevision, maxImageBytes: maxBytes = DEFAULT_MAX_IMAGE_BYTES } = options;
  const checker = createImageStreamChecker({
    maxBytes,
    ...(chip === undefined ? {} : { chip }),
    ...(chipRevision === undefined ? {} : { chipRevision }),
  });
  const judged = (work: () => void): void => {
    try {
      work();
    } catch (error) {
      if (!isFirmwareImageError(error) || !isGateCode(error.code)) throw error;
      throw new OtaError(error.code, error.message, { cause: error });
    }
  };
  return {
    push: (chunk) => {
      judged(() => {
        checker.push(chunk);
      });
    },
    end: () => {
      judged(() => {
        checker.end();
      });
    },
  };
}

/**
 * The upload gate: what a device would refuse, and what must never reach one, stops here.
 *
 * Checks, in this order: size, format, chip and checksum in the order of the file (see `createImageStreamChecker`); hash,
 * application descriptor, signature by a trusted key (the device's rules, see `verifyImage`), no private key inside,
 * project, version.
 * @throws OtaError with one of `GATE_CODES`; `FirmwareImageError` `bad_option` for impossible keys or schemes.
 */
export async function checkUpload(options: CheckUploadOptions): Promise<Upload> {
  const { schemes, maxBlocks, chip: wantedChip, chipRevision } = options;
  const checker = createUploadChecker(options);
  checker.push(options.image);
  checker.end();
  const verdict = await verifyImage(options.image, options.trusted, {
    maxBytes: options.maxImageBytes ?? DEFAULT_MAX_IMAGE_BYTES,
    ...(schemes === undefined ? {} : { schemes }),
    ...(maxBlocks === undefined ? {} : { maxBlocks }),
    ...(wantedChip === undefined ? {} : { chip: wantedChip }),
    ...(chipRevision === undefined ? {} : { chipRevision }),
  });
  if (!verdict.ok) throw new OtaError(verdict.reason, verdict.detail);
  const { descriptor, chip } = verdict.image;
  if (descriptor === undefined || chip === undefined) {
    throw new OtaError('not_an_image', 'the image has no application descriptor or no known chip');
  }
  if (containsPrivateKey(options.image)) {
    throw new OtaError('contains_private_key', 'the image contains a private key: everybody who gets the image has it');
  }
  const { projectName, version, secureVersion } = descriptor;
  const ownDescriptor = describesProduct(descriptor);
  return Object.freeze({
    project: projectOf(projectName, ownDescriptor, options.project),
    chip,
    version: versionOf(ownDescriptor ? version : '', options.version),
    secureVersion,
    image: verdict.identity,
  });
}

function projectOf(described: string, ownDescriptor: boolean, stated: string | undefined): string {
  if (stated !== undefined && ownDescriptor && stated !== described) {
    throw new OtaError('wrong_project', 'the image is of another project than the stated one');
  }
  const project = stated ?? described;
  if (project === '') {
    throw new OtaError('wrong_project', 'the image names no project: state it with the option project');
  }
  // Devices send it in a header, and C holds it in 32 bytes.
  if (Buffer.byteLength(project) > MAX_TEXT_BYTES || hasControls(project)) {
    throw new OtaError(
      'wrong_project',
      'the project name must be at most 32 bytes of UTF-8 without control characters',
    );
  }
  return project;
}

/** A stated version wins: the manifest carries it, and the device keeps it under the image's identity. */
function versionOf(described: string, stated: string | undefined): string {
  if (parseVersion(stated ?? described) !== undefined) return stated ?? described;
  throw new OtaError(
    'version_unparsable',
    stated === undefined
      ? 'the image carries no version that means something: state one with the option version'
      : 'the stated version is not in the version grammar',
  );
}

const hasControls = (text: string): boolean =>
  Array.from(text, (char) => char.charCodeAt(0)).some((code) => code < 0x20 || (code >= 0x7f && code < 0xa0));

export interface PolicyOptions {
  readonly upload: Upload;
  readonly channel: string;
  readonly releases: readonly Release[];
  readonly allowSameOrLower: boolean;
}

/**
 * The upload against what is released already: a channel belongs to the project of its first release, versions only rise
 * per project and chip, and so does the anti-rollback counter.
 * @returns the release that a version which does not rise was allowed against, if there is one.
 * @throws OtaError `wrong_project`, `same_version`, `lower_version`, `secure_version`
 */
export function checkPolicy({ upload, channel, releases, allowSameOrLower }: PolicyOptions): Release | undefined {
  const first = releases.find((release) => release.channel === channel);
  if (first !== undefined && first.project !== upload.project) {
    throw new OtaError('wrong_project', `the channel ${channel} belongs to another project`);
  }
  const rivals = releases.filter(({ project, chip }) => project === upload.project && chip === upload.chip);
  const highest = Math.max(0, ...rivals.map(({ secureVersion }) => secureVersion));
  if (upload.secureVersion < highest) {
    throw new OtaError(
      'secure_version',
      `the secure version is ${upload.secureVersion}, ${highest} is released already`,
    );
  }
  const newest = newestOf(rivals);
  const current = newest === undefined ? undefined : parseVersion(newest.version);
  const offered = parseVersion(upload.version);
  if (newest === undefined || current === undefined || offered === undefined) return undefined;
  const order = compareVersions(offered, current);
  if (order > 0) return undefined;
  if (allowSameOrLower) return newest;
  throw order === 0
    ? new OtaError('same_version', `version ${newest.version} is released already`)
    : new OtaError('lower_version', `version ${newest.version} is released already, ${upload.version} is lower`);
}
