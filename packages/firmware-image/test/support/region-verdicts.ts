import type { ImageReason } from '@secure-esp/firmware-image';

/** What becomes of a file in which one byte of a region was changed. The README shows this table. */
export interface RegionVerdict {
  readonly name: string;
  /** By the rules of ESP-IDF's bootloader and update code. */
  readonly device: 'refused' | 'accepted';
  /** The reasons {@link verifyImage} may give, or `accepted`. */
  readonly here: readonly ImageReason[] | 'accepted';
  /** The same, when checksum, hash, digest and CRC are made right again: what remains is the signature. */
  readonly repaired: 'refused' | 'accepted';
}

const refused = <const N extends string>(name: N, ...here: ImageReason[]) =>
  ({ name, device: 'refused', here, repaired: 'refused' }) as const;
const strict = <const N extends string>(name: N, repaired: 'refused' | 'accepted' = 'refused') =>
  ({ name, device: 'accepted', here: ['bad_signature'], repaired }) as const;
const ignored = <const N extends string>(name: N) =>
  ({ name, device: 'accepted', here: 'accepted', repaired: 'accepted' }) as const;

/** Of images with an appended hash. Without one, what says `bad_hash` is left to the signature: `bad_signature`. */
export const REGION_VERDICTS = [
  refused('header: magic', 'not_an_image'),
  refused('header: segment count', 'not_an_image', 'truncated', 'bad_checksum', 'bad_hash'),
  refused('header: flash mode and size, entry, pins', 'bad_hash'),
  refused('header: chip id', 'bad_hash', 'not_an_image'),
  refused('header: chip revisions', 'bad_hash'),
  refused('header: reserved', 'bad_hash'),
  refused('header: hash flag', 'not_an_image', 'unsigned', 'bad_signature'),
  refused('segment header: address', 'bad_hash', 'not_an_image'),
  refused('segment header: length', 'not_an_image', 'truncated', 'bad_checksum', 'bad_hash'),
  refused('application descriptor', 'bad_checksum'),
  refused('segment data', 'bad_checksum'),
  refused('padding before the checksum', 'bad_hash'),
  refused('checksum', 'bad_checksum'),
  refused('appended hash', 'bad_hash'),
  refused('padding before the signature sector', 'bad_signature'),
  refused('block: magic', 'unsigned', 'untrusted_key'),
  refused('block: version', 'bad_signature', 'untrusted_key'),
  refused('block: reserved or hash name', 'bad_signature', 'untrusted_key'),
  refused('block: digest of the image', 'bad_signature', 'untrusted_key'),
  refused('block: curve', 'bad_signature', 'untrusted_key'),
  refused('block: public key', 'bad_signature', 'untrusted_key'),
  refused('block: rinv', 'bad_signature', 'untrusted_key'),
  refused("block: m'", 'bad_signature', 'untrusted_key'),
  refused('block: signature', 'bad_signature', 'untrusted_key'),
  { ...refused('block: unused in ECDSA', 'bad_signature', 'untrusted_key'), repaired: 'accepted' },
  refused('block: CRC', 'bad_signature', 'untrusted_key'),
  { ...strict('block: zeros at its end'), here: ['bad_signature', 'untrusted_key'] },
  ignored('slot before the block that counts'),
  strict('block behind it: all under its CRC', 'accepted'),
  strict('block behind it: magic, CRC, end'),
  strict('empty slot behind the block that counts'),
  strict('end of the signature sector'),
  refused('v1 block: version', 'bad_signature'),
  refused('v1 block: signature', 'bad_signature'),
  ignored('bytes behind a v1 block'),
] as const satisfies readonly RegionVerdict[];

export type RegionName = (typeof REGION_VERDICTS)[number]['name'];
