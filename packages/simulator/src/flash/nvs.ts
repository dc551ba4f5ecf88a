import { crc32 } from 'node:zlib';
import { SimulatorError } from '../errors.js';
import type { Partition } from './layout.js';
import type { Flash } from './nor-flash.js';
import {
  decodeNvsRecord,
  encodeNvsRecord,
  NVS_KEY_MAX_BYTES,
  NVS_VALUE_MAX_BYTES,
  type NvsRecord,
} from './nvs-record.js';

/** A durable key/value store: after a power cut every key has its old or its new value. */
export interface Nvs {
  get(key: string): Uint8Array | undefined;
  /** Durable when it returns. @throws SimulatorError `bad_option` (key or value too long), `nvs_full` */
  set(key: string, value: Uint8Array): void;
  erase(key: string): void;
  keys(): readonly string[];
}

const HEAD_BYTES = 16;
const MAGIC = Buffer.from('SNV1', 'latin1');

const encodeHead = (generation: number): Uint8Array => {
  const bytes = Buffer.alloc(HEAD_BYTES, 0xff);
  bytes.set(MAGIC, 0);
  bytes.writeUInt32LE(generation, 4);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, 8)), 8);
  return new Uint8Array(bytes);
};

const decodeHead = (head: Uint8Array): number | undefined => {
  const bytes = Buffer.from(head);
  if (!bytes.subarray(0, 4).equals(MAGIC) || bytes.readUInt32LE(8) !== crc32(bytes.subarray(0, 8))) return undefined;
  return bytes.readUInt32LE(4);
};

interface Half extends Partition {
  readonly generation: number | undefined;
}

/**
 * Opens the store in this partition (not ESP-IDF's NVS format: the same promises, a simpler layout). Two halves, each a
 * log of records behind a head. A full or torn log is rewritten into the other half, whose head, written last with the
 * next generation number, makes it the one in force.
 */
export const openNvs = (flash: Flash, partition: Partition): Nvs => {
  const length = partition.length / 2;
  const halves = [0, 1].map((index): Half => {
    const offset = partition.offset + index * length;
    return { offset, length, generation: decodeHead(flash.read(offset, HEAD_BYTES)) };
  });
  const values = new Map<string, Uint8Array>();
  let current = halves.reduce<Half | undefined>(
    (best, half) => ((half.generation ?? -1) > (best?.generation ?? -1) ? half : best),
    undefined,
  );
  let end = HEAD_BYTES;
  let clean = current !== undefined;

  const apply = ({ key, value }: NvsRecord): void => {
    if (value === undefined) values.delete(key);
    else values.set(key, value);
  };
  if (current !== undefined) {
    const log = flash.read(current.offset, length);
    for (let found = decodeNvsRecord(log, end); found !== undefined; found = decodeNvsRecord(log, end)) {
      apply(found.record);
      end = found.next;
    }
    clean = log.subarray(end).every((byte) => byte === 0xff);
  }

  const rewrite = (record: NvsRecord): void => {
    const kept = new Map(values);
    if (record.value === undefined) kept.delete(record.key);
    else kept.set(record.key, record.value);
    const records = [...kept].map(([key, value]) => encodeNvsRecord({ key, value }));
    const needed = records.reduce((sum, bytes) => sum + bytes.length, HEAD_BYTES);
    if (needed > length) throw new SimulatorError('nvs_full', `NVS has no room for key ${record.key}`);
    const offset = current?.offset === partition.offset ? partition.offset + length : partition.offset;
    flash.erase(offset, length);
    flash.write(offset + HEAD_BYTES, Buffer.concat(records));
    flash.sync();
    const generation = (current?.generation ?? 0) + 1;
    flash.write(offset, encodeHead(generation));
    flash.sync();
    current = { offset, length, generation };
    end = needed;
    clean = true;
  };
  const store = (record: NvsRecord): void => {
    const bytes = encodeNvsRecord(record);
    if (current === undefined || !clean || end + bytes.length > length) {
      rewrite(record);
    } else {
      clean = false;
      flash.write(current.offset + end, bytes);
      flash.sync();
      clean = true;
      end += bytes.length;
    }
    apply(record);
  };

  return {
    get: (key) => values.get(key)?.slice(),
    set(key, value) {
      const keyBytes = Buffer.byteLength(key, 'utf8');
      if (keyBytes < 1 || keyBytes > NVS_KEY_MAX_BYTES) {
        throw new SimulatorError('bad_option', `NVS keys have 1 to ${String(NVS_KEY_MAX_BYTES)} bytes`);
      }
      if (value.length > NVS_VALUE_MAX_BYTES) {
        throw new SimulatorError('bad_option', `NVS values have at most ${String(NVS_VALUE_MAX_BYTES)} bytes`);
      }
      const before = values.get(key);
      if (before !== undefined && Buffer.compare(before, value) === 0) return;
      store({ key, value: value.slice() });
    },
    erase(key) {
      if (values.has(key)) store({ key });
    },
    keys: () => [...values.keys()],
  };
};
