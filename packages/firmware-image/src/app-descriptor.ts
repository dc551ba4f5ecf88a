import { toHex, viewOf } from './bytes.js';

export const DESCRIPTOR_MAGIC = 0xabcd5432;
export const DESCRIPTOR_BYTES = 256;

/**
 * `esp_app_desc_t`, the first 256 bytes of segment 0. The strings are what somebody's build system wrote: Arduino builds
 * carry the version of the Arduino core, MicroPython leaves version and project empty.
 *
 * Text fields end at the first NUL or at the end of the field. They are decoded as UTF-8; bytes that are not UTF-8 are
 * decoded as Latin-1 instead. Either way they may hold control characters and markup: escape before showing them.
 */
export interface AppDescriptor {
  /** Anti-rollback counter, u32. */
  readonly secureVersion: number;
  readonly version: string;
  readonly projectName: string;
  /** Compile time and date as the compiler wrote them (`12:34:56`, `Jan  8 2026`). */
  readonly time: string;
  /** See `time`. */
  readonly date: string;
  readonly idfVersion: string;
  /** SHA-256 of the ELF file, hex. */
  readonly elfSha256: string;
  /** eFuse block revisions, `major * 100 + minor`; 0 where not set and in images of older ESP-IDF versions. */
  readonly minEfuseBlockRevision: number;
  /** See `minEfuseBlockRevision`. */
  readonly maxEfuseBlockRevision: number;
  /** Base-2 logarithm of the MMU page size; 0 = default. */
  readonly mmuPageSizeLog2: number;
  /** The same text fields as bytes, without the NUL. */
  readonly versionBytes: Uint8Array;
  readonly projectNameBytes: Uint8Array;
}

/** Offset and length of the fields inside the descriptor. */
export const DESCRIPTOR_FIELDS = {
  magic: 0,
  secureVersion: 4,
  version: { offset: 16, length: 32 },
  projectName: { offset: 48, length: 32 },
  time: { offset: 80, length: 16 },
  date: { offset: 96, length: 16 },
  idfVersion: { offset: 112, length: 32 },
  elfSha256: { offset: 144, length: 32 },
  minEfuseBlockRevision: 176,
  maxEfuseBlockRevision: 178,
  mmuPageSizeLog2: 180,
} as const;

interface Field {
  readonly offset: number;
  readonly length: number;
}

const field = (bytes: Uint8Array, { offset, length }: Field): Uint8Array => {
  const whole = bytes.slice(offset, offset + length);
  const end = whole.indexOf(0);
  return end === -1 ? whole : whole.subarray(0, end);
};

const decode = (bytes: Uint8Array): string => {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
  }
};

/** The descriptor at the start of `segment`, or `undefined` when the segment is too short or the magic is missing. */
export const readAppDescriptor = (segment: Uint8Array): AppDescriptor | undefined => {
  if (segment.length < DESCRIPTOR_BYTES) return undefined;
  const view = viewOf(segment);
  const fields = DESCRIPTOR_FIELDS;
  if (view.getUint32(fields.magic, true) !== DESCRIPTOR_MAGIC) return undefined;
  const versionBytes = field(segment, fields.version);
  const projectNameBytes = field(segment, fields.projectName);
  return {
    secureVersion: view.getUint32(fields.secureVersion, true),
    version: decode(versionBytes),
    projectName: decode(projectNameBytes),
    time: decode(field(segment, fields.time)),
    date: decode(field(segment, fields.date)),
    idfVersion: decode(field(segment, fields.idfVersion)),
    elfSha256: toHex(segment.subarray(fields.elfSha256.offset, fields.elfSha256.offset + fields.elfSha256.length)),
    minEfuseBlockRevision: view.getUint16(fields.minEfuseBlockRevision, true),
    maxEfuseBlockRevision: view.getUint16(fields.maxEfuseBlockRevision, true),
    mmuPageSizeLog2: view.getUint8(fields.mmuPageSizeLog2),
    versionBytes,
    projectNameBytes,
  };
};

/** What Arduino's prebuilt libraries call themselves in every image that is linked with them. */
const BUILD_TOOL_PROJECTS: readonly string[] = ['arduino-lib-builder', 'esp32-arduino-lib-builder'];

/**
 * False when project and version say nothing about the product: Arduino builds carry those of the Arduino core, MicroPython
 * builds carry none. A release of such an image must state both.
 */
export const describesProduct = ({ projectName }: Pick<AppDescriptor, 'projectName'>): boolean =>
  projectName !== '' && !BUILD_TOOL_PROJECTS.includes(projectName);
