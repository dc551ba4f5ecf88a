import { createHash } from 'node:crypto';
import { verifyImage, type ChipName, type TrustedKeys, type VerifyOptions } from '@secure-esp/firmware-image';
import type { UpdateReason } from '@secure-esp/protocol';

export type ImageVerdict =
  { readonly ok: true; readonly identity: Uint8Array } | { readonly ok: false; readonly reason: UpdateReason };

export interface ImageCheck {
  readonly bytes: Uint8Array;
  /** Of the whole served file; absent without a manifest. */
  readonly fileSha256: Uint8Array | undefined;
  readonly trusted: TrustedKeys;
  readonly chip: ChipName;
  readonly rules: Pick<VerifyOptions, 'schemes' | 'maxBlocks'>;
}

/** The written image by the device's rules, and the file's hash when a manifest promised one. */
export const checkImage = async ({ bytes, fileSha256, trusted, chip, rules }: ImageCheck): Promise<ImageVerdict> => {
  const verdict = await verifyImage(bytes, trusted, { ...rules, chip });
  if (!verdict.ok) return { ok: false, reason: verdict.reason };
  if (fileSha256 !== undefined && !createHash('sha256').update(bytes).digest().equals(fileSha256)) {
    return { ok: false, reason: 'bad_hash' };
  }
  return { ok: true, identity: new Uint8Array(Buffer.from(verdict.identity, 'hex')) };
};
