import { PkiError } from '../../errors.js';
import type { Claim } from './claim.js';

export const claimKey = (deviceId: string): string => deviceId.toLowerCase();

export const byDeviceId = (a: Claim, b: Claim): number => (a.deviceId < b.deviceId ? -1 : 1);

/** @throws PkiError `ERR_PKI_NAME` */
export function checkSpelling(found: Claim | undefined, wanted: Claim): void {
  if (found === undefined || found.deviceId === wanted.deviceId) return;
  throw new PkiError('ERR_PKI_NAME', `there is a claim for "${found.deviceId}", which differs in case only`, {
    field: 'deviceId',
  });
}
