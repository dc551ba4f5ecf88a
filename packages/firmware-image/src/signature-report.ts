import { chipById, type SignatureScheme } from './chips.js';
import type { InspectedImage } from './image-inspector.js';
import type { ImageProblem } from './image-report.js';
import type { TrustedKeys } from './image-verifier.js';
import { fromRawV1Key, keyDigest } from './public-key.js';
import type { BlockScheme } from './signature-block-v2.js';
import { isSoundBlock, readV1Signature, type SignatureBlock } from './signature-inspector.js';
import { verifySignature } from './webcrypto.js';

/** One signature of a file, and by which key. */
export interface SignatureReport {
  /** Slot in the v2 sector, 0 to 2; `null` for v1. */
  readonly slot: number | null;
  readonly scheme: SignatureScheme | BlockScheme;
  /**
   * `valid`: by the key with `keyDigest`. `invalid`: CRC, digest or signature is wrong. `unknown`: a v1 signature, which
   * carries no key, by none of the trusted ones; or a scheme that is not verified here.
   */
  readonly state: 'valid' | 'invalid' | 'unknown';
  /** eFuse digest of the key, hex; for v1 the digest the same key has in v2. `null` where no key is known. */
  readonly keyDigest: string | null;
  /** Whether that key is trusted; `null` when no trusted keys were given. */
  readonly trusted: boolean | null;
  /** Whether the chip has this scheme and looks at this slot. */
  readonly honoured: boolean;
}

const reportV1 = async (
  bytes: Uint8Array,
  offset: number,
  honoured: boolean,
  trusted: TrustedKeys | undefined,
): Promise<SignatureReport> => {
  const found = { slot: null, scheme: 'v1-ecdsa-p256', honoured } as const;
  for (const key of (trusted?.v1 ?? []).map(fromRawV1Key)) {
    if (!(await verifySignature(key, readV1Signature(bytes, offset), bytes.subarray(0, offset)))) continue;
    return { ...found, state: 'valid', keyDigest: await keyDigest(key), trusted: true };
  }
  return { ...found, state: 'unknown', keyDigest: null, trusted: trusted === undefined ? null : false };
};

const stateOf = (block: SignatureBlock): SignatureReport['state'] => {
  if (isSoundBlock(block)) return 'valid';
  return block.signatureOk === undefined ? 'unknown' : 'invalid';
};

/** The signatures of an image, in the order of their slots. */
export const reportSignatures = async (
  bytes: Uint8Array,
  image: InspectedImage,
  trusted: TrustedKeys | undefined,
): Promise<readonly SignatureReport[]> => {
  const { signature } = image;
  const chip = chipById(image.chipId);
  const has = (scheme: string): boolean => chip?.schemes.some((name) => name === scheme) === true;
  if (signature.kind === 'v1') return [await reportV1(bytes, signature.offset, has('v1-ecdsa-p256'), trusted)];
  if (signature.kind !== 'v2') return [];
  const digests = trusted?.v2Digests?.map((digest) => digest.toLowerCase()) ?? [];
  return signature.blocks.map((block) => ({
    slot: block.index,
    scheme: block.scheme,
    state: stateOf(block),
    keyDigest: block.keyDigest ?? null,
    trusted: trusted === undefined ? null : block.keyDigest !== undefined && digests.includes(block.keyDigest),
    honoured: has(block.scheme) && block.index < (chip?.maxSignatureBlocks ?? 0),
  }));
};

/** What is wrong with signatures whoever is trusted. */
export const signatureProblems = (signatures: readonly SignatureReport[]): ImageProblem[] =>
  signatures.flatMap(({ slot, scheme, state, honoured }): ImageProblem[] => {
    const where = slot === null ? 'the v1 signature' : `the signature in slot ${slot}`;
    if (state === 'invalid') return [{ code: 'bad_signature', message: `${where} is not valid` }];
    if (honoured) return [];
    return [{ code: 'unsupported_scheme', message: `${where} (${scheme}) is not looked at by this chip` }];
  });
