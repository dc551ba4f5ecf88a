import type { CoreConfig } from '../core/core-config.js';
import type { SessionOptions } from './session.js';

/** What the core is told about this boot: facts of the running image, and the settings. */
export const toCoreConfig = (
  { options, device, booted, resetReason }: Pick<SessionOptions, 'options' | 'device' | 'booted' | 'resetReason'>,
  chip: string,
): CoreConfig => {
  const { descriptor, chipId } = booted.image;
  return {
    ...options.settings,
    deviceId: options.id,
    builtinUrl: options.ota.url,
    project: descriptor?.projectNameBytes ?? new Uint8Array(),
    version: descriptor?.versionBytes ?? new Uint8Array(),
    chip,
    identity: booted.identity,
    chipId,
    secureVersion: descriptor?.secureVersion ?? 0,
    slotBytes: device.layout.slots[booted.slot].length,
    bootPending: booted.state === 'pending_verify',
    resetReason,
    downloadRetries: options.downloadRetries,
  };
};
