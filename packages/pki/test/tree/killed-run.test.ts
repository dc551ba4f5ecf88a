import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { initPki } from '../../src/index.js';
import { childRun, compilePackage } from '../support/child-run.js';
import { contents } from '../support/tree-files.js';
import { tempDir } from '../support/temp-dir.js';
import { rejected } from '../support/thrown.js';

const KEY = /\.key$|_key\.pem$|release\.pem$/;

/** Files that must outlive everything that happens after they were written. */
function keys(files: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(files).filter(([name]) => KEY.test(name)));
}

const withoutRecords = (names: readonly string[]): string[] =>
  names.filter((name) => !name.startsWith('issued/')).sort();

describe('a run that stops', () => {
  test('before any of its writes is completed by the next, with the keys it had made', async () => {
    const { created } = await initPki({ dir: await tempDir() });
    const stopAndComplete = async (stopAt: number): Promise<void> => {
      const dir = await tempDir();
      let writes = 0;
      const onProgress = (): void => {
        if (writes === stopAt) throw new Error('stopped');
        writes += 1;
      };
      await expect(initPki({ dir, onProgress })).rejects.toThrow('stopped');
      const left = await contents(dir);
      expect(Object.keys(left)).toHaveLength(stopAt);
      const completed = await initPki({ dir });
      const now = await contents(dir);
      expect(now).toMatchObject(keys(left));
      expect(withoutRecords(Object.keys(now))).toEqual(withoutRecords(created));
      expect((await initPki({ dir })).created).toEqual([]);
      expect((await completed.device('esp-001')).cn).toBe('esp-001');
    };
    await Promise.all(created.map((_path, stopAt) => stopAndComplete(stopAt)));
  }, 60_000);

  test('at every possible place in a chain still ends with a good tree', async () => {
    const dir = await tempDir();
    for (let runs = 0; runs < 100; runs += 1) {
      let writes = 0;
      const onProgress = (): void => {
        if (writes === 2) throw new Error('stopped');
        writes += 1;
      };
      const error: unknown = await initPki({ dir, onProgress }).catch((reason: unknown) => reason);
      if (!(error instanceof Error)) break;
    }
    expect((await initPki({ dir })).created).toEqual([]);
  }, 60_000);

  test('by a signal rejects with its reason and is completed by the next', async () => {
    const dir = await tempDir();
    const controller = new AbortController();
    const onProgress = ({ path }: { path?: string }): void => {
      if (path === 'ca/certs/server.crt') controller.abort(new Error('enough'));
    };
    await expect(initPki({ dir, signal: controller.signal, onProgress })).rejects.toThrow('enough');
    await initPki({ dir });
    const stopped = initPki({ dir: join(dir, 'none'), signal: AbortSignal.abort(new Error('never')) });
    await expect(stopped).rejects.toThrow('never');
    expect(await readdir(dir)).not.toContain('none');
  });
});

describe.skipIf(process.platform === 'win32')('a process of its own', () => {
  test('killed with SIGKILL leaves a lock and half a tree; the next run completes it', async () => {
    const compiled = await compilePackage();
    const dir = await tempDir();
    expect((await childRun(compiled, { dir, killAt: 'devices/esp-001/client.crt' })).signal).toBe('SIGKILL');
    expect(await readdir(dir)).toContain('.pki.lock');
    await writeFile(join(dir, 'ca', 'keys', '.ca.key.0123456789abcdef.pki-tmp'), 'half a key');
    const left = await contents(dir);
    const tree = await initPki({ dir });
    const now = await contents(dir);
    expect(now).toMatchObject(keys(left));
    expect(Object.keys(now).filter((name) => /lock|tmp/.test(name))).toEqual([]);
    expect((await tree.device('esp-001')).cn).toBe('esp-001');
    expect((await initPki({ dir })).created).toEqual([]);
  }, 60_000);

  test('beside others at the same time makes one tree', async () => {
    const compiled = await compilePackage();
    const dir = join(await tempDir(), 'tree');
    const runs = await Promise.all([
      childRun(compiled, { dir }),
      childRun(compiled, { dir }),
      initPki({ dir }),
      initPki({ dir }),
    ]);
    const writers = runs.map(({ created = [] }) => created.length).filter((count) => count > 0);
    expect(writers).toHaveLength(1);
    expect((await initPki({ dir })).created).toEqual([]);
  }, 60_000);

  test('that cannot write any more says why, and leaves no lock and no half file', async () => {
    const compiled = await compilePackage();
    const dir = join(await tempDir(), 'tree');
    const result = await childRun(compiled, { dir }, "trap '' XFSZ; ulimit -f 0");
    expect(result).toMatchObject({ code: 'ERR_PKI_IO', cause: 'EFBIG' });
    expect(await contents(dir)).toEqual({});
    await rejected(initPki({ dir, lockTimeoutMs: 0, chips: ['x' as never] }), 'ERR_PKI_OPTION');
    expect((await initPki({ dir, lockTimeoutMs: 0 })).created.length).toBeGreaterThan(0);
  }, 60_000);
});
