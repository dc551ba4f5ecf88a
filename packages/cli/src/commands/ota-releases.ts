import { createFileFirmwareStore, currentReleases, type Release } from '@secure-esp/ota-server';
import { print, type CliContext } from '../context.js';
import { firmwareDir } from './ota-publish.js';
import { printable } from './image-output.js';
import { printJson } from './pki-format.js';

export interface OtaReleasesOptions {
  readonly dir: string;
  readonly firmware?: string;
  readonly json?: true;
  readonly all?: true;
  /** days */
  readonly expiring?: number;
}

/** `secure-esp ota list` */
export async function otaList(context: CliContext, options: OtaReleasesOptions): Promise<void> {
  const store = createFileFirmwareStore({ dir: firmwareDir(context, options) });
  const releases = await store.listReleases({ signal: context.signal });
  const shown = (options.all === true ? releases : currentReleases(releases)).filter(endsWithin(options.expiring));
  if (options.json === true) {
    printJson(context, shown);
    return;
  }
  for (const release of shown) print(context, lineOf(release));
  if (shown.length === 0) print(context, releases.length === 0 ? 'nothing is released' : 'no release matches');
  else if (options.expiring !== undefined) print(context, 'Renew them with `secure-esp ota renew`.');
}

const DAY_MS = 24 * 60 * 60 * 1000;

/** True for releases whose manifest ends within that many days, or has ended. Without days: for all. */
export const endsWithin =
  (days: number | undefined) =>
  ({ expiresAt }: Release): boolean =>
    days === undefined || (expiresAt !== undefined && expiresAt * 1000 <= Date.now() + days * DAY_MS);

function lineOf({ seq, channel, project, chip, version, expiresAt, size }: Release): string {
  const end = expiresAt === undefined ? 'no manifest      ' : `until ${dayOf(expiresAt)} `;
  const late = expiresAt !== undefined && expiresAt * 1000 <= Date.now() ? '  EXPIRED' : '';
  const what = `${printable(project)} ${printable(version)}`;
  return `${String(seq).padStart(4)}  ${end} ${chip.padEnd(8)}  ${what}  /${channel}.bin  ${size} bytes${late}`;
}

export const dayOf = (unixSeconds: number): string => new Date(unixSeconds * 1000).toISOString().slice(0, 10);
