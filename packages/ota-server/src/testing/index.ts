import { ABORT_CASES } from './abort-cases.js';
import { IMAGE_CASES } from './image-cases.js';
import { RELEASE_CASES } from './release-cases.js';
import type { FirmwareStoreCase } from './sample.js';

/**
 * What every firmware store promises, for the test runner of your choice. Each case makes its own stores.
 *
 * ```ts
 * describe('my store', () => {
 *   for (const { name, run } of FIRMWARE_STORE_CASES) it(name, () => run(() => createMyStore()));
 * });
 * ```
 */
export const FIRMWARE_STORE_CASES: readonly FirmwareStoreCase[] = Object.freeze([
  ...RELEASE_CASES,
  ...IMAGE_CASES,
  ...ABORT_CASES,
]);

export type { FirmwareStoreCase, MakeFirmwareStore } from './sample.js';
