import { OtaError } from '../errors.js';

const MOUNT_POINT = /^(?:\/[A-Za-z0-9._~-]+)*$/;
const ABSOLUTE_FORM = /^https?:\/\/[^/?#]*/i;

/** A path such as `/updates`, or nothing for the root. @throws OtaError `bad_option` */
export function checkMountPoint(prefix: string): string {
  if (!MOUNT_POINT.test(prefix)) {
    throw new OtaError('bad_option', 'prefix must be a path such as /updates, without a slash at its end');
  }
  return prefix;
}

/** The request target as seen from the mount point, still encoded; `undefined` outside of it. */
export function targetBelow(target: string, prefix: string): string | undefined {
  const origin = target.replace(ABSOLUTE_FORM, '');
  if (!origin.startsWith(prefix)) return undefined;
  const rest = origin.slice(prefix.length);
  return rest.startsWith('/') ? rest : undefined;
}
