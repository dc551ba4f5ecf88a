import { parseVersion } from '@secure-esp/firmware-image';
import { DEVICE_HEADERS } from '@secure-esp/protocol';
import type { RunningFirmware } from '../update/decide-update.js';
import { isSha256 } from '../update/release.js';

export type DeviceReport =
  | { readonly kind: 'none' }
  | { readonly kind: 'malformed' }
  | { readonly kind: 'report'; readonly running: RunningFirmware };

const NONE: DeviceReport = Object.freeze({ kind: 'none' });
const MALFORMED: DeviceReport = Object.freeze({ kind: 'malformed' });
const CHIP = /^[A-Za-z0-9_-]{1,16}$/;
const MAX_PROJECT_BYTES = 32;

/** The `X-Secure-Esp-*` headers: all four or none. */
export function readDeviceReport(headers: Readonly<Record<string, string | undefined>>): DeviceReport {
  const project = headers[DEVICE_HEADERS.project];
  const chip = headers[DEVICE_HEADERS.chip];
  const version = headers[DEVICE_HEADERS.version];
  const image = headers[DEVICE_HEADERS.image]?.toLowerCase();
  const fields = [project, chip, version, image];
  if (fields.every((field) => field === undefined)) return NONE;
  if (project === undefined || chip === undefined || version === undefined || image === undefined) return MALFORMED;
  const name = fromByteString(project);
  const valid =
    name !== undefined &&
    Buffer.byteLength(name) <= MAX_PROJECT_BYTES &&
    CHIP.test(chip) &&
    parseVersion(version) !== undefined &&
    isSha256(image);
  return valid ? { kind: 'report', running: Object.freeze({ project: name, chip, version, image }) } : MALFORMED;
}

/** Header values arrive as one character per byte; a project name is UTF-8. */
function fromByteString(value: string): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.from(value, 'latin1'));
  } catch {
    return undefined;
  }
}
