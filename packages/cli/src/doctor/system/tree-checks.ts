import { openPki } from '@secure-esp/pki';
import { stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fail, ok, skip, warn, type Check, type CheckResult } from './check.js';
import { partiesOf, secretFilesOf } from './tree-layout.js';

const MAKE_IT = 'Make it with `secure-esp pki init`, or name the folder with --dir.';

const complete: Check = {
  id: 'tree',
  network: false,
  run: async ({ context, dir, now }) => {
    const shown = relative(context.cwd, dir) || dir;
    const found = await stat(dir).catch(() => undefined);
    if (found?.isDirectory() !== true) return [fail('tree', `there is no certificate tree in ${shown}.`, MAKE_IT)];
    const tree = await openPki(dir, { now });
    const count = (await tree.devices()).length;
    return [ok('tree', `${shown} is complete, with ${count} ${count === 1 ? 'device' : 'devices'}`)];
  },
};

/** For others than the owner. */
const OTHERS_READ_OR_WRITE = 0o077;
const OTHERS_WRITE = 0o022;

const modes: Check = {
  id: 'modes',
  network: false,
  run: async ({ context, dir }) => {
    if (process.platform === 'win32') return [skip('modes', 'file modes mean nothing on this system')];
    const open: string[] = [];
    const writable: string[] = [];
    const secrets = new Set(await secretFilesOf(dir));
    for (const path of [...secrets, ...guarded(dir)]) {
      const mode = (await stat(path).catch(() => undefined))?.mode ?? 0;
      if (secrets.has(path) && (mode & OTHERS_READ_OR_WRITE) !== 0) open.push(relative(context.cwd, path));
      else if ((mode & OTHERS_WRITE) !== 0) writable.push(relative(context.cwd, path) || '.');
    }
    return verdictOf(open, writable);
  },
};

function verdictOf(open: readonly string[], writable: readonly string[]): readonly CheckResult[] {
  if (open.length > 0)
    return [fail('modes', `others can read private keys: ${some(open)}.`, `Close them: chmod 600 ${some(open, ' ')}`)];
  if (writable.length > 0) {
    const step = `Take that right away: chmod go-w ${some(writable, ' ')}`;
    return [warn('modes', `others can change files of the tree: ${some(writable)}.`, step)];
  }
  return [ok('modes', 'private keys are for their owner only')];
}

const SHOWN = 5;

/** The first few of a list. */
export const some = (names: readonly string[], between = ', '): string =>
  names.slice(0, SHOWN).join(between) + (names.length > SHOWN ? `${between}… (${names.length})` : '');

/** Folders and certificates that nobody else should change. */
const guarded = (dir: string): readonly string[] => [
  ...['.', 'ca', 'ca/certs', 'ca/keys', 'device-ca', 'device-ca/certs', 'devices'].map((path) => join(dir, path)),
  ...partiesOf(dir).map(({ cert }) => cert),
];

/** The certificate tree as files. */
export const treeChecks: readonly Check[] = [complete, modes];
