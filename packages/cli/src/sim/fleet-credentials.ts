import type { ClientCredentials } from '@secure-esp/simulator';
import type { PkiTree } from '@secure-esp/pki';
import { join } from 'node:path';
import { deviceOverEst, type EstDeviceOptions } from '../commands/est-device.js';
import type { CliContext } from '../context.js';
import { CliError } from '../errors.js';
import { createBatchDisplay } from '../terminal/batch-display.js';

/** Enrolments at once: an authority limits how many it takes from one address. */
const ENROLLING_AT_ONCE = 16;

/** The pairs of a fleet: from the tree, made where they are missing, or each from the enrolment server. */
export async function fleetCredentials(
  context: CliContext,
  tree: PkiTree,
  ids: readonly string[],
  options: EstDeviceOptions & { readonly stateDir: string },
): Promise<readonly ClientCredentials[]> {
  const { est, stateDir } = options;
  if (est === undefined) return fromTree(context, tree, ids);
  const pairs: ClientCredentials[] = [];
  for (let at = 0; at < ids.length; at += ENROLLING_AT_ONCE) {
    context.signal.throwIfAborted();
    const some = ids.slice(at, at + ENROLLING_AT_ONCE);
    const enrolled = some.map((id) =>
      deviceOverEst(context, id, { ...options, est, dir: join(stateDir, id), ca: tree.ca }),
    );
    pairs.push(...(await Promise.all(enrolled)));
  }
  return pairs;
}

async function fromTree(
  context: CliContext,
  tree: PkiTree,
  ids: readonly string[],
): Promise<readonly ClientCredentials[]> {
  const display = createBatchDisplay(context, ids.length);
  try {
    const report = await tree.issueDevices(ids, { signal: context.signal, onProgress: display.update });
    const revoked = report.filter(({ state }) => state === 'revoked').length;
    if (revoked > 0) throw new CliError(`${revoked} of the devices are revoked.`, 'Take other ids with --prefix.');
  } finally {
    display.close();
  }
  const pairs: ClientCredentials[] = [];
  for (const id of ids) {
    context.signal.throwIfAborted();
    const { cert, key, ca } = await tree.device(id);
    // One text for all: a thousand copies of a CA are a few megabytes.
    pairs.push({ cert, key, ca: ca === tree.ca ? tree.ca : ca });
  }
  return pairs;
}
