import { viewOf } from '../bytes.js';
import {
  BITMAP,
  dataEntries,
  ENTRIES_PER_PAGE,
  ENTRY_BYTES,
  FIRST_ENTRY,
  nvsCrc,
  PAGE_ACTIVE,
  PAGE_BYTES,
  PAGE_FULL,
  VERSION_2,
} from './nvs-format.js';

/** A page that is being filled. */
export class NvsPage {
  readonly bytes = new Uint8Array(PAGE_BYTES).fill(0xff);
  /** Entries written so far. */
  used = 0;

  constructor(sequence: number) {
    const view = viewOf(this.bytes);
    view.setUint32(0, PAGE_ACTIVE, true);
    view.setUint32(4, sequence, true);
    view.setUint8(8, VERSION_2);
    view.setUint32(28, nvsCrc(this.bytes.subarray(4, 28)), true);
  }

  get free(): number {
    return ENTRIES_PER_PAGE - this.used;
  }

  /** Writes whole entries, or the data behind one; what is left of the last entry stays erased. */
  append(content: Uint8Array): void {
    this.bytes.set(content, FIRST_ENTRY + this.used * ENTRY_BYTES);
    const end = this.used + dataEntries(content.length);
    // two bits per entry: 11 empty, 10 written
    for (; this.used < end; this.used += 1) {
      const index = BITMAP + (this.used >> 2);
      this.bytes[index] = (this.bytes[index] ?? 0) & ~(1 << ((this.used & 3) * 2));
    }
  }

  close(): void {
    viewOf(this.bytes).setUint32(0, PAGE_FULL, true);
  }
}
