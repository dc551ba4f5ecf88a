import { otherSlot, type Slot } from '../../src/flash/layout.js';
import { LAYOUT, type FlashDump } from './flash-dump.js';
import type { Build } from './materials.js';

/** The core's `resume` record (`sesp_records.c`): how much of which file is in the slot that does not run. */
interface ResumeRecord {
  readonly running: string;
  readonly etag: string;
  readonly total: number;
  readonly offset: number;
}

const decode = (record: Uint8Array): ResumeRecord => {
  const bytes = Buffer.from(record);
  const tag = bytes.readUInt8(33);
  const rest = 34 + tag + 33;
  return {
    running: bytes.toString('hex', 1, 33),
    etag: bytes.toString('latin1', 34, 34 + tag),
    total: bytes.readUInt32LE(rest),
    offset: bytes.readUInt32LE(rest + 4),
  };
};

/** What the record says of a file must be in the slot, byte for byte, or a download goes on where nothing is. */
export const checkResumeRecord = (
  dump: FlashDump,
  record: Uint8Array,
  boots: { readonly slot: Slot; readonly identity: string },
  builds: readonly Build[],
  must: (holds: boolean, sentence: string) => void,
): void => {
  const { running, etag, total, offset } = decode(record);
  // Of another image it is not used.
  if (running !== boots.identity) return;
  const file = builds.find((build) => build.etag === etag)?.image ?? new Uint8Array();
  must(total === file.length, `the resume record is about ${String(total)} bytes of an unknown file`);
  const { offset: slot } = LAYOUT.slots[otherSlot(boots.slot)];
  const durable = Buffer.compare(dump.subarray(slot, slot + offset), file.subarray(0, offset)) === 0;
  must(durable, `the resume record claims ${String(offset)} bytes, which are not in the slot`);
};
