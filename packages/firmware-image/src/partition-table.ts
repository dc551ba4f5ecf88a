import { isFilledWith, viewOf } from './bytes.js';

/** An `app` row of a partition table. */
export interface AppPartition {
  readonly slot: ApplicationSlot;
  /** What the table calls it; at most 16 bytes, decoded as Latin-1. Escape before showing it. */
  readonly label: string;
  /** Where it begins in flash. */
  readonly address: number;
  readonly length: number;
}

const OTA_SLOTS = Array.from({ length: 16 }, (_, index): `ota_${number}` => `ota_${index}`);

/** The subtypes of `app` partitions: the one from the factory, those of updates (0 to 15), and the one for tests. */
export type ApplicationSlot = 'factory' | 'test' | `ota_${number}`;
/** Every {@link ApplicationSlot}: `factory`, `ota_0` to `ota_15`, `test`. */
export const APPLICATION_SLOTS: readonly ApplicationSlot[] = Object.freeze(['factory', ...OTA_SLOTS, 'test'] as const);

const ROW_BYTES = 32;
const MAX_ROWS = 96;
const ROW_MAGIC = 0x50aa;
const MD5_MAGIC = 0xebeb;
const TYPE_APP = 0;
const APP_ALIGNMENT = 0x1_0000;

const slotOf = (subtype: number): ApplicationSlot | undefined => {
  if (subtype === 0) return 'factory';
  return subtype === 0x20 ? 'test' : OTA_SLOTS[subtype - 0x10];
};

const labelOf = (row: Uint8Array): string => {
  const text = row.subarray(12, 28);
  const end = text.indexOf(0);
  return String.fromCharCode(...(end === -1 ? text : text.subarray(0, end)));
};

const readApp = (row: Uint8Array): AppPartition | undefined => {
  const view = viewOf(row);
  const slot = view.getUint8(2) === TYPE_APP ? slotOf(view.getUint8(3)) : undefined;
  const address = view.getUint32(4, true);
  const length = view.getUint32(8, true);
  // ESP-IDF places every application at a multiple of 64 KiB: the flash is mapped from there
  if (slot === undefined || address % APP_ALIGNMENT !== 0 || length === 0) return undefined;
  return { slot, label: labelOf(row), address, length };
};

/**
 * The application partitions of the table at `offset`; `undefined` where no table is. It ends with an MD5 row or erased
 * flash. The MD5 is not compared: the table serves to recognise a file, no decision to trust rests on it.
 * @see https://docs.espressif.com/projects/esp-idf/en/stable/esp32/api-guides/partition-tables.html
 */
export const readAppPartitions = (bytes: Uint8Array, offset: number): readonly AppPartition[] | undefined => {
  const found: AppPartition[] = [];
  for (let index = 0; index < MAX_ROWS; index += 1) {
    const row = bytes.subarray(offset + index * ROW_BYTES, offset + (index + 1) * ROW_BYTES);
    if (row.length < ROW_BYTES) return undefined;
    const magic = viewOf(row).getUint16(0, true);
    if (magic !== ROW_MAGIC) {
      const ended = magic === MD5_MAGIC || isFilledWith(row, 0xff);
      return ended && found.length > 0 ? found : undefined;
    }
    const app = readApp(row);
    if (app !== undefined) found.push(app);
  }
  return undefined;
};
