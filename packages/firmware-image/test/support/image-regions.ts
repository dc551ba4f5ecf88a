import type { RegionName } from './region-verdicts.js';

/** A run of bytes of a signed file; `end` is exclusive. */
export interface Region {
  readonly name: RegionName;
  readonly start: number;
  readonly end: number;
}

export interface SignedLayout {
  readonly scheme: 'v1' | 'rsa' | 'p256' | 'p384';
  /** The v2 slot whose key is trusted. */
  readonly winner: number;
}

/** Where the image ends, found again from the format's description; `undefined` when the lengths make no sense. */
export interface ImageEnds {
  /** [start of the header, start of the data, end of the data] of each segment. */
  readonly segments: readonly (readonly [number, number, number])[];
  readonly end16: number;
  readonly imageLength: number;
}

const SECTOR = 4096;
export const BLOCK = 1216;
const DESCRIPTOR_MAGIC = 0xabcd5432;

const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const up = (value: number, to: number): number => Math.ceil(value / to) * to;

export const walkImage = (bytes: Uint8Array): ImageEnds | undefined => {
  const segments: [number, number, number][] = [];
  let at = 24;
  for (let index = 0; index < (bytes[1] ?? 0); index += 1) {
    if (at + 8 > bytes.length) return undefined;
    const end = at + 8 + view(bytes).getUint32(at + 4, true);
    if (end > bytes.length) return undefined;
    segments.push([at, at + 8, end]);
    at = end;
  }
  const end16 = up(at + 1, 16);
  const imageLength = end16 + ((bytes[23] ?? 0) === 0 ? 0 : 32);
  return imageLength > bytes.length ? undefined : { segments, end16, imageLength };
};

export const sectorOffset = ({ imageLength }: ImageEnds): number => up(imageLength, SECTOR);

/** Ends of a block's fields, in order; the next field begins where one ends. */
const FIELDS: Record<'rsa' | 'p256' | 'p384', readonly (readonly [RegionName, number])[]> = {
  rsa: [
    ['block: magic', 1],
    ['block: version', 2],
    ['block: reserved or hash name', 4],
    ['block: digest of the image', 36],
    ['block: public key', 424],
    ['block: rinv', 808],
    ["block: m'", 812],
    ['block: signature', 1196],
    ['block: CRC', 1200],
    ['block: zeros at its end', BLOCK],
  ],
  p256: [
    ['block: magic', 1],
    ['block: version', 2],
    ['block: reserved or hash name', 4],
    ['block: digest of the image', 36],
    ['block: curve', 37],
    ['block: public key', 101],
    ['block: signature', 165],
    ['block: unused in ECDSA', 1196],
    ['block: CRC', 1200],
    ['block: zeros at its end', BLOCK],
  ],
  p384: [
    ['block: magic', 1],
    ['block: version', 2],
    ['block: reserved or hash name', 4],
    ['block: digest of the image', 52],
    ['block: curve', 53],
    ['block: public key', 149],
    ['block: signature', 245],
    ['block: unused in ECDSA', 1196],
    ['block: CRC', 1200],
    ['block: zeros at its end', BLOCK],
  ],
};

/** Cuts `[start, …)` at the given ends. */
const cut = (start: number, ends: readonly (readonly [RegionName, number])[], base = 0): Region[] => {
  let at = start;
  return ends.map(([name, end]) => {
    const region = { name, start: at, end: base + end };
    at = region.end;
    return region;
  });
};

const headerRegions = (): Region[] =>
  cut(0, [
    ['header: magic', 1],
    ['header: segment count', 2],
    ['header: flash mode and size, entry, pins', 12],
    ['header: chip id', 14],
    ['header: chip revisions', 19],
    ['header: reserved', 23],
    ['header: hash flag', 24],
  ]);

const segmentRegions = (bytes: Uint8Array, segments: ImageEnds['segments']): Region[] =>
  segments.flatMap(([head, start, end], index): Region[] => {
    const described = index === 0 && end - start >= 256 && view(bytes).getUint32(start, true) === DESCRIPTOR_MAGIC;
    const dataStart = described ? start + 256 : start;
    return [
      { name: 'segment header: address', start: head, end: head + 4 },
      { name: 'segment header: length', start: head + 4, end: start },
      { name: 'application descriptor', start, end: dataStart },
      { name: 'segment data', start: dataStart, end },
    ];
  });

const sectorRegions = (bytes: Uint8Array, sector: number, { scheme, winner }: SignedLayout): Region[] => {
  const slots = [0, 1, 2].flatMap((slot): Region[] => {
    const start = sector + slot * BLOCK;
    if (slot < winner) return [{ name: 'slot before the block that counts', start, end: start + BLOCK }];
    if (slot === winner && scheme !== 'v1') return cut(start, FIELDS[scheme], start);
    if (bytes[start] !== 0xe7) return [{ name: 'empty slot behind the block that counts', start, end: start + BLOCK }];
    return cut(
      start,
      [
        ['block behind it: magic, CRC, end', 1],
        ['block behind it: all under its CRC', 1196],
        ['block behind it: magic, CRC, end', BLOCK],
      ],
      start,
    );
  });
  return [...slots, { name: 'end of the signature sector', start: sector + 3 * BLOCK, end: sector + SECTOR }];
};

/** The regions of a signed file, in order, without gap or overlap. */
export const regionsOf = (bytes: Uint8Array, layout: SignedLayout): Region[] => {
  const ends = walkImage(bytes);
  if (ends === undefined) throw new Error('the signed file is cut short');
  const { segments, end16, imageLength } = ends;
  const dataEnd = segments.at(-1)?.[2] ?? 24;
  const image: Region[] = [
    ...headerRegions(),
    ...segmentRegions(bytes, segments),
    { name: 'padding before the checksum', start: dataEnd, end: end16 - 1 },
    { name: 'checksum', start: end16 - 1, end: end16 },
    { name: 'appended hash', start: end16, end: imageLength },
  ];
  const sector = sectorOffset(ends);
  const signature: Region[] =
    layout.scheme === 'v1'
      ? [
          { name: 'v1 block: version', start: imageLength, end: imageLength + 4 },
          { name: 'v1 block: signature', start: imageLength + 4, end: imageLength + 68 },
          { name: 'bytes behind a v1 block', start: imageLength + 68, end: bytes.length },
        ]
      : [
          { name: 'padding before the signature sector', start: imageLength, end: sector },
          ...sectorRegions(bytes, sector, layout),
        ];
  return [...image, ...signature].filter(({ start, end }) => end > start);
};
