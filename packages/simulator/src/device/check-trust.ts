import { isFirmwareImageError, verifyImage } from '@secure-esp/firmware-image';
import { SimulatorError } from '../errors.js';
import { createReleaseKeyVerifier } from '../ports/release-keys.js';
import type { VirtualDeviceOptions } from './device-options.js';

/**
 * Looks at the keys before the device needs them: an update is a bad moment to learn that they are none.
 * @throws SimulatorError `bad_option`
 */
export const checkTrust = async ({ trusted, verification, releaseKeys }: VirtualDeviceOptions): Promise<void> => {
  createReleaseKeyVerifier(releaseKeys ?? []);
  try {
    await verifyImage(new Uint8Array(), trusted, verification);
  } catch (cause) {
    if (!isFirmwareImageError(cause)) throw cause;
    throw new SimulatorError('bad_option', `trusted or verification is wrong: ${cause.message}`, { cause });
  }
};
