import { DESCRIPTOR_BYTES, DESCRIPTOR_FIELDS, DESCRIPTOR_MAGIC } from './app-descriptor.js';
import { alignUp, concatBytes, viewOf } from './bytes.js';
import { requireChip, type ChipName } from './chips.js';
import { FirmwareImageError } from './errors.js';
import {
  FIRST_SEGMENT_OFFSET,
  HEADER_BYTES,
  IMAGE_MAGIC,
  SEGMENT_HEADER_BYTES,
  SEGMENT_LIMIT_BYTES,
} from './image-layout.js';
import { computeChecksum } from './image-parser.js';
import { digest } from './webcrypto.js';

/** What {@link buildImage} puts into header, application descriptor and code segment. */
export interface BuildImageOptions {
  /** Decides chip id and load addresses. */
  readonly chip: ChipName;
  /** At most 31 bytes of UTF-8, may be empty. */
  readonly project: string;
  /** At most 31 bytes of UTF-8, may be empty; any text, see {@link parseVersion} for what compares. */
  readonly version: string;
  /** Anti-rollback counter, u32. Default 0. */
  readonly secureVersion?: number;
  /** Becomes the code segment, zero-padded to a multiple of 4. Default 16 zero bytes. */
  readonly payload?: Uint8Array;
  /** At most 31 bytes. Default empty. */
  readonly idfVersion?: string;
  /** At most 15 bytes each. Defaults `Jan  1 1970` and `00:00:00`: the same options always make the same bytes. */
  readonly date?: string;
  /** See `date`. */
  readonly time?: string;
  /** `major * 100 + minor`. Defaults 0 and 65535 (any revision). */
  readonly minChipRevision?: number;
  /** See `minChipRevision`. */
  readonly maxChipRevision?: number;
  /** Append the SHA-256. Default true. */
  readonly appendHash?: boolean;
}

interface SegmentSource {
  readonly loadAddress: number;
  readonly data: Uint8Array;
}

const MMU_PAGE_BYTES = 64 * 1024;
const RAM_CODE_BYTES = 16;
const SPI_MODE_DIO = 2;
const FLASH_4MB_40MHZ = 0x20;
const PIN_DISABLED = 0xee;

const bad = (message: string): never => {
  throw new FirmwareImageError('bad_option', message);
};

const unsigned = (name: string, value: number, max: number): number =>
  Number.isInteger(value) && value >= 0 && value <= max ? value : bad(`${name} is an integer from 0 to ${max}`);

const text = (name: string, value: string, field: { readonly length: number }): Uint8Array => {
  const bytes = new TextEncoder().encode(value);
  const limit = field.length - 1;
  return bytes.length <= limit && !bytes.includes(0) ? bytes : bad(`${name} has at most ${limit} bytes and no NUL`);
};

const buildDescriptor = async (options: BuildImageOptions, code: Uint8Array): Promise<Uint8Array> => {
  const descriptor = new Uint8Array(DESCRIPTOR_BYTES);
  const view = viewOf(descriptor);
  const fields = DESCRIPTOR_FIELDS;
  view.setUint32(fields.magic, DESCRIPTOR_MAGIC, true);
  view.setUint32(fields.secureVersion, unsigned('secureVersion', options.secureVersion ?? 0, 0xffff_ffff), true);
  descriptor.set(text('version', options.version, fields.version), fields.version.offset);
  descriptor.set(text('project', options.project, fields.projectName), fields.projectName.offset);
  descriptor.set(text('time', options.time ?? '00:00:00', fields.time), fields.time.offset);
  descriptor.set(text('date', options.date ?? 'Jan  1 1970', fields.date), fields.date.offset);
  descriptor.set(text('idfVersion', options.idfVersion ?? '', fields.idfVersion), fields.idfVersion.offset);
  view.setUint8(fields.mmuPageSizeLog2, Math.log2(MMU_PAGE_BYTES));
  // There is no ELF file; a hash of what the image is made from is unique in the same way.
  descriptor.set(await digest('SHA-256', concatBytes(descriptor, code)), fields.elfSha256.offset);
  return descriptor;
};

/** The address at or after `base` whose offset inside an MMU page is that of the file offset: only such data can be mapped. */
const mappedAddress = (base: number, fileOffset: number): number => base + (fileOffset % MMU_PAGE_BYTES);

const layOut = (chipName: ChipName, descriptor: Uint8Array, code: Uint8Array): SegmentSource[] => {
  const { drom, irom, iram } = requireChip(chipName);
  const ram = new Uint8Array(RAM_CODE_BYTES);
  const dromOffset = FIRST_SEGMENT_OFFSET;
  const codeOffset = dromOffset + descriptor.length + ram.length + 2 * SEGMENT_HEADER_BYTES;
  // Where data and code share one address range, code begins one page after the descriptor's.
  const codeBase = irom.start === drom.start ? irom.start + MMU_PAGE_BYTES : irom.start;
  const codeAddress = mappedAddress(codeBase, codeOffset);
  const room = Math.min(irom.end - codeAddress, SEGMENT_LIMIT_BYTES - 4);
  if (code.length > room) bad(`payload has ${code.length} bytes, ${chipName} has room for ${room}`);
  return [
    { loadAddress: mappedAddress(drom.start, dromOffset), data: descriptor },
    { loadAddress: iram, data: ram },
    { loadAddress: codeAddress, data: code },
  ];
};

const buildHeader = (options: BuildImageOptions, segmentCount: number): Uint8Array => {
  const { id, iram } = requireChip(options.chip);
  const header = new Uint8Array(HEADER_BYTES);
  const view = viewOf(header);
  header.set([IMAGE_MAGIC, segmentCount, SPI_MODE_DIO, FLASH_4MB_40MHZ]);
  view.setUint32(4, iram, true);
  view.setUint8(8, PIN_DISABLED);
  view.setUint16(12, id, true);
  view.setUint16(15, unsigned('minChipRevision', options.minChipRevision ?? 0, 0xffff), true);
  view.setUint16(17, unsigned('maxChipRevision', options.maxChipRevision ?? 0xffff, 0xffff), true);
  view.setUint8(23, options.appendHash === false ? 0 : 1);
  return header;
};

/**
 * Builds a small image that obeys every rule of the loader (descriptor first, MMU alignment, checksum, appended hash) for
 * tests, demos and virtual devices. It holds no code that runs: a real chip would accept it and then crash.
 *
 * @throws FirmwareImageError `bad_option` for an unknown chip, too long texts, numbers out of range, or a payload that
 * does not fit the chip's code range (about 3.2 MiB on the esp32, more elsewhere).
 */
export const buildImage = async (options: BuildImageOptions): Promise<Uint8Array> => {
  requireChip(options.chip);
  const payload = options.payload?.length ? options.payload : new Uint8Array(RAM_CODE_BYTES);
  const code = new Uint8Array(alignUp(payload.length, 4));
  code.set(payload);
  const segments = layOut(options.chip, await buildDescriptor(options, code), code);

  const parts = segments.flatMap(({ loadAddress, data }) => {
    const header = new Uint8Array(SEGMENT_HEADER_BYTES);
    viewOf(header).setUint32(0, loadAddress, true);
    viewOf(header).setUint32(4, data.length, true);
    return [header, data];
  });
  const unpadded = concatBytes(buildHeader(options, segments.length), ...parts);
  const image = new Uint8Array(alignUp(unpadded.length + 1, 16));
  image.set(unpadded);
  image[image.length - 1] = computeChecksum(segments.map(({ data }) => data));
  return options.appendHash === false ? image : concatBytes(image, await digest('SHA-256', image));
};
