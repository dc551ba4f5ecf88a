import { FirmwareImageError } from './errors.js';

/** A signature format together with its key type. `v1` is "ECDSA for ESP32", the others are Secure Boot V2 blocks. */
export const SIGNATURE_SCHEMES = ['v1-ecdsa-p256', 'v2-rsa-3072', 'v2-ecdsa-p256', 'v2-ecdsa-p384'] as const;
/** One of {@link SIGNATURE_SCHEMES}. */
export type SignatureScheme = (typeof SIGNATURE_SCHEMES)[number];

/** The kinds of firmware signing key: what {@link schemeFor} turns into a scheme. */
export type KeyType = 'p256' | 'p384' | 'rsa3072';

/** A chip by ESP-IDF's name of the target. {@link CHIPS} has what is known of each. */
export type ChipName =
  | 'esp32'
  | 'esp32s2'
  | 'esp32c3'
  | 'esp32s3'
  | 'esp32c2'
  | 'esp32c6'
  | 'esp32h2'
  | 'esp32p4'
  | 'esp32c61'
  | 'esp32c5'
  | 'esp32h21'
  | 'esp32h4'
  | 'esp32s31';

/** An address range, end exclusive. */
export interface AddressRange {
  /** First address. */
  readonly start: number;
  /** Address behind the last one. */
  readonly end: number;
}

/** What is known of a chip: its number in image headers, its signature schemes, its memory map. */
export interface Chip {
  readonly name: ChipName;
  /** `chip_id` of the image header. */
  readonly id: number;
  /** The schemes that ESP-IDF offers for this chip, the usual one first; empty when there is none yet. */
  readonly schemes: readonly SignatureScheme[];
  /** How many of the three signature blocks of a v2 sector the chip looks at. */
  readonly maxSignatureBlocks: 1 | 3;
  /**
   * Where flash appears as data and as code: segments that load here are mapped, not copied. Newer chips have one range
   * for both.
   */
  readonly drom: AddressRange;
  /** See `drom`. */
  readonly irom: AddressRange;
  /** Start of the RAM that holds code. */
  readonly iram: number;
  /** Smallest page of the flash MMU in bytes; 64 KiB where it cannot be configured. */
  readonly minMmuPageBytes: number;
}

const KIB = 1024;
const range = (start: number, end: number): AddressRange => Object.freeze({ start, end });

const chip = (
  name: ChipName,
  id: number,
  schemes: readonly SignatureScheme[],
  memory: { drom: AddressRange; irom: AddressRange; iram: number; minMmuPageBytes?: number },
): Chip =>
  Object.freeze({
    name,
    id,
    schemes: Object.freeze([...schemes]),
    maxSignatureBlocks: name === 'esp32' || name === 'esp32c2' ? 1 : 3,
    minMmuPageBytes: 64 * KIB,
    ...memory,
  });

const SMALL_PAGES = { minMmuPageBytes: 8 * KIB };
const both = (start: number, end: number): { irom: AddressRange; drom: AddressRange } => ({
  irom: range(start, end),
  drom: range(start, end),
});

/**
 * Every chip that images may be for. Ids and address ranges: ESP-IDF `esp_app_format.h` and esptool's targets; schemes
 * and block counts: ESP-IDF's Secure Boot V2 pages.
 */
export const CHIPS: readonly Chip[] = Object.freeze([
  chip('esp32', 0, ['v1-ecdsa-p256', 'v2-rsa-3072'], {
    irom: range(0x400d_0000, 0x4040_0000),
    drom: range(0x3f40_0000, 0x3f80_0000),
    iram: 0x4008_0000,
  }),
  chip('esp32s2', 2, ['v2-rsa-3072'], {
    irom: range(0x4008_0000, 0x40b8_0000),
    drom: range(0x3f00_0000, 0x3f3f_0000),
    iram: 0x4002_4000,
  }),
  chip('esp32c3', 5, ['v2-rsa-3072'], {
    irom: range(0x4200_0000, 0x4280_0000),
    drom: range(0x3c00_0000, 0x3c80_0000),
    iram: 0x4038_0000,
  }),
  chip('esp32s3', 9, ['v2-rsa-3072'], {
    irom: range(0x4200_0000, 0x4400_0000),
    drom: range(0x3c00_0000, 0x3e00_0000),
    iram: 0x4037_4000,
  }),
  chip('esp32c2', 12, ['v2-ecdsa-p256'], {
    irom: range(0x4200_0000, 0x4240_0000),
    drom: range(0x3c00_0000, 0x3c40_0000),
    iram: 0x4038_0000,
    minMmuPageBytes: 16 * KIB,
  }),
  chip('esp32c6', 13, ['v2-ecdsa-p256', 'v2-rsa-3072'], {
    ...both(0x4200_0000, 0x4300_0000),
    iram: 0x4080_0000,
    ...SMALL_PAGES,
  }),
  chip('esp32h2', 16, ['v2-ecdsa-p256', 'v2-rsa-3072'], {
    ...both(0x4200_0000, 0x4300_0000),
    iram: 0x4080_0000,
    ...SMALL_PAGES,
  }),
  chip('esp32p4', 18, ['v2-ecdsa-p256', 'v2-rsa-3072', 'v2-ecdsa-p384'], {
    ...both(0x4000_0000, 0x4c00_0000),
    iram: 0x4ff0_0000,
  }),
  chip('esp32c61', 20, ['v2-ecdsa-p256'], { ...both(0x4200_0000, 0x4400_0000), iram: 0x4080_0000, ...SMALL_PAGES }),
  chip('esp32c5', 23, ['v2-ecdsa-p256', 'v2-rsa-3072', 'v2-ecdsa-p384'], {
    ...both(0x4200_0000, 0x4400_0000),
    iram: 0x4080_0000,
  }),
  chip('esp32h21', 25, ['v2-rsa-3072'], { ...both(0x4200_0000, 0x4300_0000), iram: 0x4080_0000, ...SMALL_PAGES }),
  chip('esp32h4', 28, [], { ...both(0x4200_0000, 0x4400_0000), iram: 0x4081_0000, ...SMALL_PAGES }),
  chip('esp32s31', 32, ['v2-rsa-3072'], {
    ...both(0x4000_0000, 0x5400_0000),
    iram: 0x2f00_0000,
    minMmuPageBytes: 32 * KIB,
  }),
]);

/** The chip with this `chip_id`, or `undefined`. */
export const chipById = (id: number): Chip | undefined => CHIPS.find((candidate) => candidate.id === id);

/** The chip with this name (`esp32`, `esp32c6`, …, exactly), or `undefined`. */
export const chipByName = (name: string): Chip | undefined => CHIPS.find((candidate) => candidate.name === name);

/** @throws FirmwareImageError `bad_option` for a name that is not in {@link CHIPS}. */
export const requireChip = (name: string): Chip => {
  const found = chipByName(name);
  if (found === undefined) throw new FirmwareImageError('bad_option', `chip is not one of the ${CHIPS.length} known`);
  return found;
};

/**
 * The scheme a project gets when it does not choose: `v1-ecdsa-p256` for the esp32 (development; its release builds use
 * `v2-rsa-3072`), RSA for chips whose only scheme it is, otherwise ECDSA P-256.
 * @throws FirmwareImageError `unsupported_scheme` when the chip has no scheme (esp32h4).
 */
export const defaultSchemeForChip = (chipName: ChipName): SignatureScheme => {
  const [first] = requireChip(chipName).schemes;
  if (first === undefined) {
    throw new FirmwareImageError('unsupported_scheme', `${chipName} has no signature scheme yet`);
  }
  return first;
};

/**
 * The scheme that a key of this type has on this chip: a P-256 key means `v1-ecdsa-p256` on the esp32 and
 * `v2-ecdsa-p256` elsewhere.
 * @throws FirmwareImageError `unsupported_scheme` when the chip cannot verify such a key.
 */
export const schemeFor = (chipName: ChipName, keyType: KeyType): SignatureScheme => {
  const wanted: Record<KeyType, readonly SignatureScheme[]> = {
    p256: ['v1-ecdsa-p256', 'v2-ecdsa-p256'],
    p384: ['v2-ecdsa-p384'],
    rsa3072: ['v2-rsa-3072'],
  };
  const found = requireChip(chipName).schemes.find((scheme) => wanted[keyType].includes(scheme));
  if (found === undefined) {
    throw new FirmwareImageError('unsupported_scheme', `${chipName} cannot verify ${keyType} keys`);
  }
  return found;
};

/** The kind of key a scheme signs with. */
export const keyTypeOf = (scheme: SignatureScheme): KeyType => {
  switch (scheme) {
    case 'v2-rsa-3072':
      return 'rsa3072';
    case 'v2-ecdsa-p384':
      return 'p384';
    case 'v1-ecdsa-p256':
    case 'v2-ecdsa-p256':
      return 'p256';
  }
};
