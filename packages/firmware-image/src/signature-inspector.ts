import { equalBytes } from './bytes.js';
import type { EspImage } from './image-parser.js';
import { classifyTrailing, V1_BLOCK_BYTES, V2_BLOCK_COUNT } from './image-trailing.js';
import { hasLayout, readBlock, readBlockFields, type BlockScheme, type V2Block } from './signature-block-v2.js';
import { digest, verifySignature } from './webcrypto.js';

/** One v2 block, judged on its own: nothing here says that its key is trusted. */
export interface SignatureBlock {
  /** Slot in the sector, 0 to 2. */
  readonly index: number;
  readonly version: number;
  readonly scheme: BlockScheme;
  /** CRC-32 right and the reserved bytes zero. */
  readonly crcOk: boolean;
  /** The stored digest is that of the file; `undefined` for schemes this package does not verify. */
  readonly digestOk: boolean | undefined;
  /** The signature verifies with the key inside the block; `undefined` for schemes this package does not verify. */
  readonly signatureOk: boolean | undefined;
  /** eFuse digest of that key, hex; `undefined` for schemes this package does not verify. */
  readonly keyDigest: string | undefined;
}

/** What is in the place of the signature. A v1 block names no key: only {@link verifyImage} can say more about it. */
export type SignatureInfo =
  | { readonly kind: 'none' | 'unknown' }
  | { readonly kind: 'v1'; readonly offset: number }
  | { readonly kind: 'v2'; readonly offset: number; readonly blocks: readonly SignatureBlock[] };

/** True when CRC, stored digest and signature are all right. */
export const isSoundBlock = (block: SignatureBlock): boolean =>
  block.crcOk && block.digestOk === true && block.signatureOk === true;

/** Judges one block over `message`, the file up to its signature sector. */
export const judgeBlock = async (block: V2Block, message: Uint8Array): Promise<SignatureBlock> => {
  const { index, version, scheme, intact: crcOk } = block;
  if (!hasLayout(scheme)) {
    return { index, version, scheme, crcOk, digestOk: undefined, signatureOk: undefined, keyDigest: undefined };
  }
  const { hash, key, keyDigest, signature, storedDigest } = await readBlockFields(scheme, block.bytes);
  const digestOk = equalBytes(storedDigest, await digest(hash, message));
  const signatureOk = key !== undefined && (await verifySignature(key, signature, message));
  return { index, version, scheme, crcOk, digestOk, signatureOk, keyDigest };
};

/** The slots of a v2 sector at `offset` that hold a block, in order. */
export const readBlocks = (bytes: Uint8Array, offset: number): V2Block[] => {
  const sector = bytes.subarray(offset);
  return Array.from({ length: V2_BLOCK_COUNT }, (_, index) => readBlock(sector, index)).filter(
    (block) => block !== undefined,
  );
};

/** r||s of the v1 block at `offset`, big-endian. */
export const readV1Signature = (bytes: Uint8Array, offset: number): Uint8Array =>
  bytes.subarray(offset + 4, offset + V1_BLOCK_BYTES);

export const inspectSignature = async (bytes: Uint8Array, image: EspImage): Promise<SignatureInfo> => {
  const found = classifyTrailing(bytes, image.imageLength);
  switch (found.trailing) {
    case 'none':
    case 'erased':
      return { kind: 'none' };
    case 'unknown':
      return { kind: 'unknown' };
    case 'signature-v1':
      return { kind: 'v1', offset: found.offset };
    case 'signature-v2': {
      const { offset } = found;
      const message = bytes.subarray(0, offset);
      const blocks = await Promise.all(readBlocks(bytes, offset).map((block) => judgeBlock(block, message)));
      return { kind: 'v2', offset, blocks };
    }
  }
};
