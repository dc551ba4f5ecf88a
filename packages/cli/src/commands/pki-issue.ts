import { type BatchDevice, openPki, type PkiTree } from '@secure-esp/pki';
import { relative } from 'node:path';
import { print, type CliContext } from '../context.js';
import { CliError } from '../errors.js';
import { pathOf } from '../files.js';
import { createBatchDisplay } from '../terminal/batch-display.js';
import { printJson, type PkiOptions } from './pki-format.js';
import { numberedIds, readIds } from './pki-issue-ids.js';

export interface PkiIssueOptions extends PkiOptions {
  readonly count?: number;
  readonly prefix?: string;
  readonly from?: string;
}

/** `secure-esp pki issue` */
export async function pkiIssue(context: CliContext, named: readonly string[], options: PkiIssueOptions): Promise<void> {
  const ids = await wantedIds(context, named, options);
  const tree = await openPki(pathOf(context, options.dir));
  const startMs = Date.now();
  const display = createBatchDisplay(context, ids.length);
  let devices: readonly BatchDevice[];
  try {
    devices = await tree.issueDevices(ids, { signal: context.signal, onProgress: display.update });
  } catch (error) {
    display.close();
    if (context.signal.aborted && options.json !== true)
      context.stderr.write('Stopped. What was made stays; the same command makes the rest.\n');
    throw error;
  }
  display.close();
  if (named.length > 0) await printEach(context, tree, devices, options);
  else printSummary(context, tree, devices, { ...options, seconds: (Date.now() - startMs) / 1000 });
}

async function wantedIds(
  context: CliContext,
  named: readonly string[],
  { count, prefix, from }: PkiIssueOptions,
): Promise<readonly string[]> {
  const wrong = (what: string): CliError => new CliError(what, 'Run with --help for what it takes.', 2);
  const ways = [named.length > 0, count !== undefined, from !== undefined].filter(Boolean);
  if (ways.length !== 1) throw wrong('give ids, --count or --from, one of the three.');
  if (prefix !== undefined && count === undefined) throw wrong('--prefix goes with --count.');
  if (count !== undefined) return numberedIds(count, prefix);
  return from === undefined ? named : readIds(context, from);
}

/** The form of a few devices: one line, or one entry, for each. */
async function printEach(
  context: CliContext,
  tree: PkiTree,
  devices: readonly BatchDevice[],
  { json }: PkiOptions,
): Promise<void> {
  const made: object[] = [];
  for (const { id, state, serial, notAfter } of devices) {
    // says why it is left alone
    if (state === 'revoked') await tree.issueDevice(id);
    const { cert, key } = tree.paths.device(id);
    const [certificate, keyPath] = [cert, key].map((path) => relative(context.cwd, path));
    const issued = state === 'issued';
    made.push({ name: id, issued, serial, notAfter, certificate, key: keyPath });
    if (json === true) continue;
    print(
      context,
      issued ? `made ${certificate ?? ''}, ${serial}` : `${certificate ?? ''} was there; nothing was changed`,
    );
  }
  if (json === true) printJson(context, made);
}

/** The form of many. */
function printSummary(
  context: CliContext,
  tree: PkiTree,
  devices: readonly BatchDevice[],
  { json, seconds }: PkiOptions & { readonly seconds: number },
): void {
  const of = (wanted: BatchDevice['state']): readonly BatchDevice[] => devices.filter(({ state }) => state === wanted);
  const [issued, existing, revoked] = [of('issued'), of('existing'), of('revoked')];
  const folder = relative(context.cwd, tree.paths.devicesDir);
  if (json === true) {
    const names = revoked.map(({ id }) => id);
    const counts = { issued: issued.length, existing: existing.length, revoked: names };
    printJson(context, { devices: devices.length, ...counts, folder, seconds });
    return;
  }
  print(context, `made ${issued.length} pairs in ${folder} in ${seconds.toFixed(1)} s; ${existing.length} were there`);
  for (const { id } of revoked) print(context, `${id} is revoked and was left alone`);
}
