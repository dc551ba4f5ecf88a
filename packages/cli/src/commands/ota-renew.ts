import {
  createFileFirmwareStore,
  createManifestSigner,
  currentReleases,
  renewRelease,
  type Release,
} from '@secure-esp/ota-server';
import { openPki } from '@secure-esp/pki';
import { print, type CliContext } from '../context.js';
import { pathOf } from '../files.js';
import { printJson } from '../output.js';
import { firmwareDir } from './ota-publish.js';
import { dayOf, endsWithin } from './ota-releases.js';

export interface OtaRenewOptions {
  readonly dir: string;
  readonly firmware?: string;
  /** days */
  readonly expiring?: number;
  readonly days: number;
  readonly json?: true;
}

const DAY_SECONDS = 24 * 60 * 60;

/** `secure-esp ota renew`: repeated, it renews again; a run that was cut short is completed by the next one. */
export async function otaRenew(context: CliContext, options: OtaRenewOptions): Promise<void> {
  const tree = await openPki(pathOf(context, options.dir));
  const store = createFileFirmwareStore({ dir: firmwareDir(context, options) });
  const signer = await createManifestSigner(tree.releaseKey);
  const due = currentReleases(await store.listReleases({ signal: context.signal }))
    .filter(({ manifest }) => manifest !== undefined)
    .filter(endsWithin(options.expiring));
  const done: Release[] = [];
  for (const { seq } of due) {
    const expiresInSeconds = options.days * DAY_SECONDS;
    const renewed = await renewRelease({ store, seq, signer, expiresInSeconds, signal: context.signal });
    done.push(renewed);
    if (options.json === true) continue;
    const { project, version, chip, expiresAt = 0 } = renewed;
    print(context, `renewed ${project} ${version} for ${chip} until ${dayOf(expiresAt)}, as number ${renewed.seq}`);
  }
  if (options.json === true) printJson(context, { renewed: done });
  else if (due.length === 0) print(context, 'nothing is to be renewed');
}
