import { crc32 } from 'node:zlib';
import type { Flash } from './nor-flash.js';
import { SECTOR_BYTES } from './nor-flash.js';
import { SLOTS, type FlashLayout, type Slot } from './layout.js';

/** `esp_ota_img_states_t` of ESP-IDF. */
const STATE_NUMBERS = {
  new: 0,
  pending_verify: 1,
  valid: 2,
  invalid: 3,
  aborted: 4,
  undefined: 0xffff_ffff,
} as const;

/** What the boot record says about an image; `undefined` is an image that never took part in rollback. */
export type BootState = keyof typeof STATE_NUMBERS;

export interface OtaEntry {
  /** Counts boot switches; slot = (sequence - 1) modulo 2. */
  readonly sequence: number;
  readonly state: BootState;
}

const ENTRY_BYTES = 32;
const BLANK = 0xffff_ffff;

/** `bootloader_common_ota_select_crc`: CRC-32 with start value 0xFFFFFFFF, over the sequence number only. */
const crcOf = (sequence: number): number => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(sequence);
  return crc32(bytes, 0xffff_ffff);
};

/** `esp_ota_select_entry_t`: u32 sequence, 20 bytes label (unused, 0xFF), u32 state, u32 CRC; little-endian. */
export const encodeOtaEntry = ({ sequence, state }: OtaEntry): Uint8Array => {
  const bytes = Buffer.alloc(ENTRY_BYTES, 0xff);
  bytes.writeUInt32LE(sequence, 0);
  bytes.writeUInt32LE(STATE_NUMBERS[state], 24);
  bytes.writeUInt32LE(crcOf(sequence), 28);
  return new Uint8Array(bytes);
};

/** The entry, or `undefined` when it is blank or torn. An unknown state number reads as `invalid`. */
export const decodeOtaEntry = (bytes: Uint8Array): OtaEntry | undefined => {
  if (bytes.length < ENTRY_BYTES) return undefined;
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, ENTRY_BYTES);
  const sequence = view.readUInt32LE(0);
  if (sequence === BLANK || sequence === 0 || view.readUInt32LE(28) !== crcOf(sequence)) return undefined;
  const number = view.readUInt32LE(24);
  const names = Object.keys(STATE_NUMBERS) as BootState[];
  return { sequence, state: names.find((name) => STATE_NUMBERS[name] === number) ?? 'invalid' };
};

const sectorOf = (layout: FlashLayout, index: number): number => layout.otaData.offset + index * SECTOR_BYTES;

/** Both entries as they stand in the flash. */
export const readOtaData = (flash: Flash, layout: FlashLayout): readonly (OtaEntry | undefined)[] =>
  [0, 1].map((index) => decodeOtaEntry(flash.read(sectorOf(layout, index), ENTRY_BYTES)));

/** Erases the sector, then writes it: between the two, that entry does not exist. */
export const writeOtaEntry = (flash: Flash, layout: FlashLayout, index: number, entry: OtaEntry): void => {
  flash.erase(sectorOf(layout, index), SECTOR_BYTES);
  flash.write(sectorOf(layout, index), encodeOtaEntry(entry));
  flash.sync();
};

export const slotOf = ({ sequence }: OtaEntry): Slot => SLOTS[(sequence - 1) % SLOTS.length] ?? 'ota_0';

const isSelectable = (entry: OtaEntry | undefined): entry is OtaEntry =>
  entry !== undefined && entry.state !== 'invalid' && entry.state !== 'aborted';

/** Index of the entry that the bootloader follows: the selectable one with the highest sequence. */
export const activeEntry = (entries: readonly (OtaEntry | undefined)[]): number | undefined => {
  let best: number | undefined;
  let highest = 0;
  for (const [index, entry] of entries.entries()) {
    if (isSelectable(entry) && entry.sequence > highest) {
      best = index;
      highest = entry.sequence;
    }
  }
  return best;
};
