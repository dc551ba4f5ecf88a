import { describesProduct } from './app-descriptor.js';
import { toHex } from './bytes.js';
import { chipById, type Chip, type ChipName } from './chips.js';
import { FirmwareImageError, isFirmwareImageError, type FirmwareImageErrorCode, type ImageReason } from './errors.js';
import { readClaims, type ImageClaims } from './image-claims.js';
import { inspectImage, type InspectedImage } from './image-inspector.js';
import { classifyTrailing, type Trailing } from './image-trailing.js';
import { verifyImage, type TrustedKeys, type Verdict, type VerifyOptions } from './image-verifier.js';
import type { MergedApplication } from './merged-image.js';
import { findPrivateKeys } from './private-key-scan.js';
import { reportSignatures, signatureProblems, type SignatureReport } from './signature-report.js';
import { digest } from './webcrypto.js';

/** Something that is wrong with a file. */
export interface ImageProblem {
  readonly code: FirmwareImageErrorCode;
  /** One sentence. */
  readonly message: string;
}

/**
 * What a file is, for people and programs. Every field is always there, and the whole is plain JSON; `null` stands for what
 * the file does not say. Texts come from the file: escape them before showing them.
 */
export interface ImageReport {
  /** Counts up when a field goes away or changes its meaning; new fields do not raise it. */
  readonly reportVersion: 1;
  /**
   * `application`: has an application descriptor. `other_image`: an image without one (a bootloader). `merged`: bootloader,
   * partition table and applications in one file. `unknown`: none of these.
   */
  readonly kind: 'application' | 'other_image' | 'merged' | 'unknown';
  /** True when structure, checksum and appended hash hold. Otherwise the fields up to `elfSha256` are mere claims. */
  readonly intact: boolean;
  readonly fileBytes: number;
  /** SHA-256 of the whole file, hex: what the update server uses as its ETag. */
  readonly fileSha256: string;
  readonly chip: ChipName | null;
  readonly chipId: number | null;
  /** `major * 100 + minor`; `null` for no limit. */
  readonly minChipRevision: number | null;
  readonly maxChipRevision: number | null;
  readonly project: string | null;
  readonly version: string | null;
  /** False where project and version are those of a build tool: {@link describesProduct}. */
  readonly describesProduct: boolean | null;
  /** Anti-rollback counter. */
  readonly secureVersion: number | null;
  readonly idfVersion: string | null;
  /** As the compiler wrote them (`Jan  8 2026`, `12:34:56`). */
  readonly buildDate: string | null;
  readonly buildTime: string | null;
  /** SHA-256 of the ELF file, hex. */
  readonly elfSha256: string | null;
  /** SHA-256 over `[0, end16)`, hex: the identity of the code, whatever signature follows. `null` unless `intact`. */
  readonly identity: string | null;
  readonly hashAppended: boolean | null;
  /** Bytes of the image without padding and signature. */
  readonly imageBytes: number | null;
  readonly segments: readonly { readonly loadAddress: number; readonly offset: number; readonly length: number }[];
  /** What follows the image. */
  readonly trailing: Trailing | null;
  readonly signatures: readonly SignatureReport[];
  /** Of a `merged` file. */
  readonly applications: readonly MergedApplication[];
  /** By the rules of the device; `null` when no trusted keys were given. */
  readonly verdict:
    | { readonly ok: true; readonly scheme: string; readonly keyDigest: string }
    | { readonly ok: false; readonly reason: ImageReason; readonly detail: string }
    | null;
  /** What is wrong, empty for a signed application; with trusted keys, also why a device would refuse it. */
  readonly problems: readonly ImageProblem[];
}

/** How {@link reportImage} judges a file: the options of a verification, and by which keys. */
export interface ReportOptions extends VerifyOptions {
  /** Also judge signatures by these keys, and give a verdict. Default: none; v1 signatures then stay unjudged. */
  readonly trusted?: TrustedKeys;
}

const ANY_REVISION = [0, 65_535];

const describe = (claims: ImageClaims | undefined): Omit<ImageReport, keyof Judged | keyof Structure> => {
  const descriptor = claims?.descriptor;
  const max = claims?.maxChipRevision ?? 0;
  return {
    chip: (claims === undefined ? undefined : chipById(claims.chipId)?.name) ?? null,
    chipId: claims?.chipId ?? null,
    minChipRevision: claims === undefined || claims.minChipRevision === 0 ? null : claims.minChipRevision,
    maxChipRevision: ANY_REVISION.includes(max) ? null : max,
    project: descriptor?.projectName ?? null,
    version: descriptor?.version ?? null,
    describesProduct: descriptor === undefined ? null : describesProduct(descriptor),
    secureVersion: descriptor?.secureVersion ?? null,
    idfVersion: descriptor?.idfVersion ?? null,
    buildDate: descriptor?.date ?? null,
    buildTime: descriptor?.time ?? null,
    elfSha256: descriptor?.elfSha256 ?? null,
  };
};

type Structure = Pick<
  ImageReport,
  'identity' | 'hashAppended' | 'imageBytes' | 'segments' | 'trailing' | 'signatures' | 'applications'
>;
type Judged = Pick<
  ImageReport,
  'reportVersion' | 'kind' | 'intact' | 'fileBytes' | 'fileSha256' | 'verdict' | 'problems'
>;

const describeStructure = (image: InspectedImage | undefined, signatures: readonly SignatureReport[]): Structure => ({
  identity: image?.identity ?? null,
  hashAppended: image?.hashAppended ?? null,
  imageBytes: image?.imageLength ?? null,
  segments: image?.segments ?? [],
  trailing: image?.trailing ?? null,
  signatures,
  applications: [],
});

const inspect = async (bytes: Uint8Array): Promise<InspectedImage | FirmwareImageError> => {
  try {
    return await inspectImage(bytes);
  } catch (error) {
    if (isFirmwareImageError(error) && error.code !== 'no_webcrypto') return error;
    throw error;
  }
};

const chipProblems = (image: InspectedImage, chip: Chip | undefined): ImageProblem[] => {
  if (chip === undefined) return [{ code: 'wrong_chip', message: `chip id ${image.chipId} is not known` }];
  const { minChipRevision: min, maxChipRevision: max } = image;
  if (ANY_REVISION.includes(max) || min <= max) return [];
  return [{ code: 'wrong_chip', message: 'the revision range of the image excludes every chip' }];
};

const imageProblems = (
  bytes: Uint8Array,
  image: InspectedImage,
  signatures: readonly SignatureReport[],
): ImageProblem[] => {
  const problems = chipProblems(image, chipById(image.chipId));
  if (image.descriptor === undefined) {
    problems.push({ code: 'not_an_image', message: 'there is no application descriptor (a bootloader?)' });
  }
  const found = classifyTrailing(bytes, image.imageLength);
  if (!('offset' in found)) problems.push({ code: found.reason, message: found.detail });
  return [...problems, ...signatureProblems(signatures)];
};

const keyProblems = (bytes: Uint8Array): ImageProblem[] => {
  const [first, ...more] = findPrivateKeys(bytes);
  if (first === undefined) return [];
  const others = more.length === 0 ? '' : `, and ${more.length} more`;
  const message = `the file contains a private key (${first.format}) at offset ${first.offset}${others}`;
  return [{ code: 'contains_private_key', message }];
};

const verdictProblems = (verdict: Verdict | undefined, known: readonly ImageProblem[]): ImageProblem[] => {
  if (verdict === undefined || verdict.ok || known.some(({ code }) => code === verdict.reason)) return [];
  // A merged image is `not_an_image` to a device, and named more exactly already.
  if (known.some(({ code }) => code === 'merged_image')) return [];
  return [{ code: verdict.reason, message: verdict.detail }];
};

const shorten = (verdict: Verdict | undefined): ImageReport['verdict'] => {
  if (verdict === undefined) return null;
  if (!verdict.ok) return verdict;
  return { ok: true, scheme: verdict.scheme, keyDigest: verdict.keyDigest };
};

/**
 * Says what a file is, for which chip, by whom it is signed, and what is wrong with it. Never throws for what the bytes
 * are: see `problems`.
 * @throws FirmwareImageError `bad_option` for impossible options, `no_webcrypto`.
 */
export const reportImage = async (bytes: Uint8Array, options: ReportOptions = {}): Promise<ImageReport> => {
  const { trusted, ...rules } = options;
  const verdict = trusted === undefined ? undefined : await verifyImage(bytes, trusted, rules);
  const outcome = await inspect(bytes);
  const failed = outcome instanceof FirmwareImageError ? outcome : undefined;
  const image = outcome instanceof FirmwareImageError ? undefined : outcome;
  const signatures = image === undefined ? [] : await reportSignatures(bytes, image, trusted);
  const claims = failed?.merged === undefined ? readClaims(bytes) : undefined;
  const problems = [
    ...(failed === undefined ? [] : [{ code: failed.code, message: failed.message }]),
    ...(image === undefined ? [] : imageProblems(bytes, image, signatures)),
    ...keyProblems(bytes),
  ];
  return {
    reportVersion: 1,
    kind: kindOf(failed, claims),
    intact: image !== undefined,
    fileBytes: bytes.length,
    fileSha256: toHex(await digest('SHA-256', bytes)),
    ...describe(claims),
    ...describeStructure(image, signatures),
    applications: failed?.merged?.applications ?? [],
    verdict: shorten(verdict),
    problems: [...problems, ...verdictProblems(verdict, problems)],
  };
};

const kindOf = (failed: FirmwareImageError | undefined, claims: ImageClaims | undefined): ImageReport['kind'] => {
  if (failed?.merged !== undefined) return 'merged';
  if (claims?.descriptor !== undefined) return 'application';
  return failed === undefined ? 'other_image' : 'unknown';
};
