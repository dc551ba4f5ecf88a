import { isSimulatorError, SimulatorError } from '../errors.js';
import type { BootControl } from '../flash/boot-control.js';
import type { DeviceFlash } from '../flash/device-flash.js';
import { otherSlot, type Slot } from '../flash/layout.js';
import { SECTOR_BYTES } from '../flash/nor-flash.js';
import { createSlotWriter, type SlotWriter } from '../flash/slot-writer.js';
import type { ImageSink } from '../ports/downloader.js';
import { TransferFailure } from '../ports/transfer-failure.js';

/** The slot that does not run, as the target of a download. */
export interface SlotSink extends ImageSink {
  readonly slot: Slot;
  /** A download wrote its last byte, and nothing was written since. */
  readonly hasImage: boolean;
  /** What the last download wrote, whole. Empty when there is none. */
  image(): Uint8Array;
}

/** A dead flash is the end of the device, not of the download. */
const asFlashFailure = (action: () => void): void => {
  try {
    action();
  } catch (cause) {
    if (isSimulatorError(cause) && cause.code === 'power_cut') throw cause;
    throw new TransferFailure(cause instanceof RangeError ? 'too_large' : 'flash', { cause });
  }
};

export const createSlotSink = ({ flash, layout }: DeviceFlash, running: Slot, control: BootControl): SlotSink => {
  const slot = otherSlot(running);
  const partition = layout.slots[slot];
  let writer: SlotWriter | undefined;
  let complete = false;
  return {
    slot,
    head: (length) => flash.read(partition.offset, length),
    begin(from) {
      asFlashFailure(() => {
        // As esp_ota_begin: the other slot is what an unconfirmed image falls back to.
        if (control.stateOf(running) === 'pending_verify') {
          throw new SimulatorError('wrong_state', 'the running image is not confirmed');
        }
        complete = false;
        writer = createSlotWriter(flash, partition, from);
      });
    },
    get bytesDurable() {
      return writer?.bytesDurable ?? 0;
    },
    write(bytes) {
      asFlashFailure(() => writer?.write(bytes));
    },
    sync() {
      asFlashFailure(() => writer?.sync());
    },
    finish() {
      asFlashFailure(() => writer?.finish());
      complete = true;
    },
    discard() {
      if (writer !== undefined && writer.bytesWritten > 0) flash.erase(partition.offset, SECTOR_BYTES);
      writer = undefined;
      complete = false;
    },
    get hasImage() {
      return complete && writer !== undefined && writer.bytesWritten > 0;
    },
    image: () =>
      writer === undefined || !complete ? new Uint8Array() : flash.read(partition.offset, writer.bytesWritten),
  };
};
