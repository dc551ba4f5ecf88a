import { resolve } from 'node:path';
import { PkiError } from '../errors.js';
import { exists } from '../files/atomic-file.js';
import { ensureDirectory } from '../files/directory.js';
import { withLock } from '../files/lock-file.js';
import type { InitPkiOptions } from '../tree/init-options.js';
import { initPki } from '../tree/init-pki.js';
import type { PkiTree } from '../tree/pki-tree.js';
import { treeContext } from '../tree/tree-context.js';
import { treePaths } from '../tree/tree-paths.js';
import { type AdoptOptions, type AdoptReport, takeSigningKey } from './adopt-ca.js';
import { readScriptTree } from './script-tree.js';

/** Options of {@link adoptPki}: the tree to make or complete, and the CA to adopt into it. */
export type AdoptPkiOptions = InitPkiOptions & AdoptOptions;

/**
 * `tree.adopt`, where there may be no tree of ours yet: makes it, with the firmware signing key of the other one.
 *
 * @throws PkiError those of `initPki` and `tree.adopt`; `ERR_PKI_OPTION` when both trees would be in one folder
 */
export async function adoptPki(options: AdoptPkiOptions): Promise<{ tree: PkiTree; report: AdoptReport }> {
  const { from, until, keepSigningKey, ...init } = options;
  const paths = treePaths(init.dir);
  if (resolve(from) === paths.root) {
    throw new PkiError('ERR_PKI_OPTION', `${from} is the folder to adopt: choose another one for this tree`, {
      field: 'dir',
    });
  }
  const now = init.now ?? (() => new Date());
  const script = await readScriptTree(from, now());
  if (!(await exists(paths.root))) await ensureDirectory(paths.root, 'secret');
  const isNew = !(await exists(paths.caCert));
  // before initPki makes one of our own
  const signingKey = await withLock(paths.lock, { timeoutMs: init.lockTimeoutMs, signal: init.signal }, () =>
    takeSigningKey(script, keepSigningKey === true, treeContext(paths, now, init)),
  );
  // a tree that is there already gets no more than was asked for
  const tree = await initPki(isNew ? init : { devices: [], chips: [], ...init });
  const report = await tree.adopt({
    from,
    ...(until && { until }),
    ...(keepSigningKey === undefined ? {} : { keepSigningKey }),
  });
  return { tree, report: Object.freeze({ ...report, signingKey }) };
}
