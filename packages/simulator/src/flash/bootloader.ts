import { createHash } from 'node:crypto';
import { isFirmwareImageError, parseImage, type EspImage } from '@secure-esp/firmware-image';
import { SimulatorError } from '../errors.js';
import type { Flash } from './nor-flash.js';
import { otherSlot, type FlashLayout, type Slot } from './layout.js';
import { readSlotImage } from './slot-image.js';
import { activeEntry, readOtaData, slotOf, writeOtaEntry, type BootState } from './ota-data.js';

/** What the bootloader started. */
export interface BootedImage {
  readonly slot: Slot;
  readonly state: BootState;
  readonly image: EspImage;
  /** SHA-256 over `[0, end16)`, 32 bytes. */
  readonly identity: Uint8Array;
  /** True when an image that was to be confirmed is given up in this boot. */
  readonly rolledBack: boolean;
  /** The console lines of this boot. */
  readonly notes: readonly string[];
}

/** Parses and compares the appended hash; integrity only, as a bootloader without secure boot does. */
export const checkBootable = (
  bytes: Uint8Array,
): { readonly image: EspImage; readonly identity: Uint8Array } | { readonly fault: string } => {
  try {
    const image = parseImage(bytes);
    const identity = createHash('sha256').update(bytes.subarray(0, image.end16)).digest();
    if (image.appendedHash !== undefined && image.appendedHash !== identity.toString('hex')) {
      return { fault: 'the appended SHA-256 does not match' };
    }
    return { image, identity: new Uint8Array(identity) };
  } catch (error) {
    if (isFirmwareImageError(error)) return { fault: error.message };
    throw error;
  }
};

/** An image that was booted once and never confirmed has had its chance. */
const abortUnconfirmed = (flash: Flash, layout: FlashLayout, notes: string[]): boolean => {
  let aborted = false;
  for (const [index, entry] of readOtaData(flash, layout).entries()) {
    if (entry?.state !== 'pending_verify') continue;
    notes.push(`${slotOf(entry)} was not confirmed: aborted`);
    writeOtaEntry(flash, layout, index, { ...entry, state: 'aborted' });
    aborted = true;
  }
  return aborted;
};

/**
 * A model of ESP-IDF's second-stage bootloader with rollback enabled (not Espressif's code): abort what is still pending,
 * follow the valid entry with the highest sequence, mark a `new` one as pending, check the image, otherwise try the other
 * slot. Without any valid entry (fresh from the factory) it boots ota_0.
 * @throws SimulatorError `not_bootable`
 * @see https://docs.espressif.com/projects/esp-idf/en/stable/esp32/api-reference/system/ota.html#app-rollback
 */
export const boot = (flash: Flash, layout: FlashLayout): BootedImage => {
  const notes: string[] = [];
  const rolledBack = abortUnconfirmed(flash, layout, notes);
  const entries = readOtaData(flash, layout);
  const active = activeEntry(entries);
  let entry = active === undefined ? undefined : entries[active];
  if (active !== undefined && entry?.state === 'new') {
    entry = { ...entry, state: 'pending_verify' };
    writeOtaEntry(flash, layout, active, entry);
  }
  const preferred = entry === undefined ? 'ota_0' : slotOf(entry);
  for (const slot of [preferred, otherSlot(preferred)]) {
    const checked = checkBootable(readSlotImage(flash, layout.slots[slot]));
    if ('fault' in checked) {
      notes.push(`${slot} is not bootable: ${checked.fault}`);
      continue;
    }
    const own = slot === preferred ? entry : entries.find((other) => other !== undefined && slotOf(other) === slot);
    return { slot, state: own?.state ?? 'undefined', ...checked, rolledBack, notes };
  }
  throw new SimulatorError('not_bootable', `no slot can be booted (${notes.join('; ')})`);
};
