import type { Flash } from './nor-flash.js';
import type { FlashLayout, Slot } from './layout.js';
import { activeEntry, readOtaData, slotOf, writeOtaEntry, type BootState } from './ota-data.js';

/** What the running application may do to the boot record: the model of ESP-IDF's `esp_ota_*` calls. */
export interface BootControl {
  /** `esp_ota_get_state_partition`. */
  stateOf(slot: Slot): BootState;
  /** `esp_ota_set_boot_partition` with rollback enabled: the slot is `new` and booted next. */
  select(slot: Slot): void;
  /** `esp_ota_mark_app_valid_cancel_rollback`, for the running slot. @returns false when the slot has no entry */
  confirm(slot: Slot): boolean;
  /** The first half of `esp_ota_mark_app_invalid_rollback_and_reboot`. @returns false when the slot has no entry */
  invalidate(slot: Slot): boolean;
}

export const createBootControl = (flash: Flash, layout: FlashLayout): BootControl => {
  const find = (slot: Slot): number | undefined => {
    const entries = readOtaData(flash, layout);
    const active = activeEntry(entries);
    const activeIs = active === undefined ? undefined : entries[active];
    if (activeIs !== undefined && slotOf(activeIs) === slot) return active;
    const index = entries.findIndex((entry) => entry !== undefined && slotOf(entry) === slot);
    return index === -1 ? undefined : index;
  };
  const change = (slot: Slot, state: BootState): boolean => {
    const index = find(slot);
    const entry = index === undefined ? undefined : readOtaData(flash, layout)[index];
    if (index === undefined || entry === undefined) return false;
    writeOtaEntry(flash, layout, index, { ...entry, state });
    return true;
  };
  return {
    stateOf(slot) {
      const index = find(slot);
      return (index === undefined ? undefined : readOtaData(flash, layout)[index]?.state) ?? 'undefined';
    },
    select(slot) {
      const entries = readOtaData(flash, layout);
      const active = activeEntry(entries);
      const current = active === undefined ? 0 : (entries[active]?.sequence ?? 0);
      let sequence = current + 1;
      while (slotOf({ sequence, state: 'new' }) !== slot) sequence += 1;
      // The entry in force stays untouched until the new one is complete.
      writeOtaEntry(flash, layout, active === 0 ? 1 : 0, { sequence, state: 'new' });
    },
    confirm(slot) {
      return this.stateOf(slot) === 'valid' || change(slot, 'valid');
    },
    invalidate: (slot) => change(slot, 'invalid'),
  };
};
