import { spawnSync } from 'node:child_process';
import { readdir, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { withLock } from '../../src/files/lock-file.js';
import { tempDir } from '../support/temp-dir.js';
import { rejected } from '../support/thrown.js';

const deadPid = (): number => spawnSync(process.execPath, ['-e', '']).pid;

async function abandonedLock(path: string, holder: object, ageMs: number): Promise<void> {
  await writeFile(path, JSON.stringify(holder));
  const then = new Date(Date.now() - ageMs);
  await utimes(path, then, then);
}

describe('the lock', () => {
  test('lets one in at a time and leaves nothing behind', async () => {
    const dir = await tempDir();
    const path = join(dir, 'lock');
    let inside = 0;
    let most = 0;
    const work = async (): Promise<void> => {
      inside += 1;
      most = Math.max(most, inside);
      await readdir(dir);
      inside -= 1;
    };
    await Promise.all(Array.from({ length: 6 }, () => withLock(path, {}, work)));
    expect(most).toBe(1);
    expect(await readdir(dir)).toEqual([]);
  });

  test('is released when the work fails', async () => {
    const dir = await tempDir();
    const failing = withLock(join(dir, 'lock'), {}, () => Promise.reject(new Error('work failed')));
    await expect(failing).rejects.toThrow('work failed');
    expect(await readdir(dir)).toEqual([]);
  });

  test('held by a living process is an error that says by whom and which file', async () => {
    const path = join(await tempDir(), 'lock');
    await withLock(path, {}, async () => {
      const error = await rejected(
        withLock(path, { timeoutMs: 0 }, () => Promise.resolve()),
        'ERR_PKI_LOCKED',
      );
      expect(error.message).toContain(`process ${process.pid}`);
      expect(error.message).toContain(path);
    });
  });

  test('gives signs of life for as long as the work takes', async () => {
    const path = join(await tempDir(), 'lock');
    await withLock(path, {}, async () => {
      const then = new Date(Date.now() - 60_000);
      await utimes(path, then, then);
      const refreshed = async (): Promise<void> => {
        expect((await stat(path)).mtimeMs).toBeGreaterThan(then.getTime() + 50_000);
      };
      await vi.waitFor(refreshed, { timeout: 10_000 });
    });
  }, 20_000);

  test('waiting ends when the signal says so', async () => {
    const path = join(await tempDir(), 'lock');
    const controller = new AbortController();
    await withLock(path, {}, async () => {
      const waiting = withLock(path, { signal: controller.signal }, () => Promise.resolve());
      controller.abort();
      await expect(waiting).rejects.toHaveProperty('name', 'AbortError');
    });
  });

  test.each([
    ['a process that is gone', { host: hostname(), pid: deadPid() }, 3_000],
    ['a machine that fell silent', { host: 'elsewhere', pid: 1 }, 30_000],
    ['nobody at all', {}, 30_000],
  ])(
    'of %s is taken over by exactly one',
    async (_who, holder, ageMs) => {
      const dir = await tempDir();
      const path = join(dir, 'lock');
      await abandonedLock(path, holder, ageMs);
      let inside = 0;
      const runs = Array.from({ length: 8 }, () =>
        withLock(path, { timeoutMs: 20_000 }, async () => {
          inside += 1;
          expect(inside).toBe(1);
          await readdir(dir);
          inside -= 1;
        }),
      );
      await Promise.all(runs);
      expect(await readdir(dir)).toEqual([]);
    },
    30_000,
  );

  test.each([
    ['a machine that gave a sign of life', { host: 'elsewhere', pid: 1 }, 10_000],
    ['a living process of this machine', { host: hostname(), pid: process.ppid }, 10_000],
    ['a dead process that was alive a moment ago', { host: hostname(), pid: deadPid() }, 0],
  ])('of %s is respected', async (_who, holder, ageMs) => {
    const path = join(await tempDir(), 'lock');
    await abandonedLock(path, holder, ageMs);
    const waiting = withLock(path, { timeoutMs: 0 }, () => Promise.resolve());
    await rejected(waiting, 'ERR_PKI_LOCKED');
  });

  test('in a place that cannot be written to is an input/output error', async () => {
    const path = join(await tempDir(), 'none', 'lock');
    const waiting = withLock(path, {}, () => Promise.resolve());
    expect((await rejected(waiting, 'ERR_PKI_IO')).path).toBe(path);
  });
});
