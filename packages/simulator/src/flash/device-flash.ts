import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { isSimulatorError, SimulatorError } from '../errors.js';
import { createMemoryStore } from './byte-store.js';
import { checkFactoryFirmware, programFactory, type FactoryImage } from './factory.js';
import { lockFile } from './file-lock.js';
import { openFileStore } from './file-store.js';
import { decodeLabel, LABEL_MAX_BYTES } from './label.js';
import { createLayout, type FlashLayout } from './layout.js';
import { createNorFlash, type Flash } from './nor-flash.js';

/** An open flash of a device, programmed at the factory. */
export interface DeviceFlash {
  readonly flash: Flash;
  readonly layout: FlashLayout;
  /** Closes and unlocks. Idempotent. */
  close(): void;
}

const layoutOf = (flash: Flash, factory: FactoryImage): FlashLayout => {
  const label = decodeLabel(flash.read(0, LABEL_MAX_BYTES));
  if (label.deviceId !== factory.deviceId) {
    throw new SimulatorError('state_file', `the flash belongs to device ${label.deviceId}, not to ${factory.deviceId}`);
  }
  return createLayout(label.slotBytes);
};

const isBlank = (flash: Flash): boolean => flash.read(0, LABEL_MAX_BYTES).every((byte) => byte === 0xff);

/** Programs the flash unless it has been; then wraps it. */
export const openInjectedFlash = (flash: Flash, factory: FactoryImage): DeviceFlash => {
  const layout = createLayout(factory.slotBytes);
  if (isBlank(flash)) {
    checkFactoryFirmware(factory);
    if (flash.sizeBytes < layout.sizeBytes) {
      throw new SimulatorError('bad_option', `flash has fewer than ${String(layout.sizeBytes)} bytes`);
    }
    programFactory(flash, layout, factory);
  }
  return { flash, layout: layoutOf(flash, factory), close: () => undefined };
};

/** A blank flash in memory, large enough for two slots of this size. */
export const createMemoryFlash = (slotBytes: number): Flash =>
  createNorFlash(createMemoryStore(), createLayout(slotBytes).sizeBytes);

const syncDirectory = (path: string): void => {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
};

/** A file appears under its name only when the factory is done with it, so a killed process leaves all or nothing. */
const programFile = (path: string, factory: FactoryImage): void => {
  checkFactoryFirmware(factory);
  const draft = `${path}.new`;
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(draft, '', { mode: 0o600 });
    const layout = createLayout(factory.slotBytes);
    const store = openFileStore(draft);
    try {
      programFactory(createNorFlash(store, layout.sizeBytes), layout, factory);
    } finally {
      store.close();
    }
    renameSync(draft, path);
    syncDirectory(dirname(path));
  } catch (cause) {
    rmSync(draft, { force: true });
    if (isSimulatorError(cause)) throw cause;
    throw new SimulatorError('state_file', `cannot create state file ${path}`, { cause });
  }
};

/**
 * Opens the flash kept in this file, programming it first when there is no file.
 * @throws SimulatorError `state_file`, `state_file_locked`, `bad_option`
 */
export const openFileFlash = (path: string, factory: FactoryImage): DeviceFlash => {
  try {
    mkdirSync(dirname(path), { recursive: true });
  } catch (cause) {
    throw new SimulatorError('state_file', `cannot create the folder of state file ${path}`, { cause });
  }
  const unlock = lockFile(path);
  try {
    if (!existsSync(path)) programFile(path, factory);
    const store = openFileStore(path);
    try {
      const layout = layoutOf(createNorFlash(store, LABEL_MAX_BYTES), factory);
      return {
        flash: createNorFlash(store, layout.sizeBytes),
        layout,
        close: () => {
          store.close();
          unlock();
        },
      };
    } catch (error) {
      store.close();
      throw error;
    }
  } catch (error) {
    unlock();
    throw error;
  }
};
