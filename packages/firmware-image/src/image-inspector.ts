import { toHex } from './bytes.js';
import { FirmwareImageError } from './errors.js';
import { parseImage, type EspImage } from './image-parser.js';
import { inspectSignature, type SignatureInfo } from './signature-inspector.js';
import { digest } from './webcrypto.js';

/** A parsed image with its identity and the signature that follows it, nothing of which is verified yet. */
export type InspectedImage = EspImage & {
  /** SHA-256 over `[0, end16)`, hex: the identity of the code, whatever signature follows. */
  readonly identity: string;
  /** True when the appended hash matches, `undefined` when the image has none. */
  readonly hashOk: true | undefined;
  readonly signature: SignatureInfo;
};

/** The identity of a parsed image, compared with the appended hash. @throws FirmwareImageError `bad_hash` */
export const checkHash = async (bytes: Uint8Array, image: EspImage): Promise<string> => {
  const identity = toHex(await digest('SHA-256', bytes.subarray(0, image.end16)));
  if (image.appendedHash !== undefined && image.appendedHash !== identity) {
    throw new FirmwareImageError('bad_hash', 'the appended SHA-256 does not match the image');
  }
  return identity;
};

/**
 * Parses, and compares the appended hash. Integrity, not authenticity: anybody can compute both.
 * @throws FirmwareImageError the codes of {@link parseImage}, and `bad_hash`.
 */
export const checkImageIntegrity = async (bytes: Uint8Array): Promise<EspImage & { readonly identity: string }> => {
  const image = parseImage(bytes);
  return { ...image, identity: await checkHash(bytes, image) };
};

/**
 * Everything that can be said about an image without trusting a key: structure, identity, and each signature block judged
 * with the key it carries.
 * @throws FirmwareImageError the codes of {@link parseImage}, and `bad_hash`.
 */
export const inspectImage = async (bytes: Uint8Array): Promise<InspectedImage> => {
  const image = parseImage(bytes);
  const identity = await checkHash(bytes, image);
  const signature = await inspectSignature(bytes, image);
  return { ...image, identity, hashOk: image.hashAppended ? true : undefined, signature };
};

/**
 * SHA-256 over `[0, end16)`, hex: equals the appended hash where there is one, and `esp_partition_get_sha256()` then.
 * Signatures and padding do not change it.
 * @throws FirmwareImageError the codes of {@link parseImage}, and `bad_hash`.
 */
export const imageIdentity = async (bytes: Uint8Array): Promise<string> => checkHash(bytes, parseImage(bytes));
