import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { isTempName, writeFileAtomic } from '../../src/files/atomic-file.js';
import { ensureDirectory, removeTempFiles } from '../../src/files/directory.js';
import { ioError } from '../../src/files/io-error.js';
import { readTextFile } from '../../src/files/text-file.js';
import { tempDir } from '../support/temp-dir.js';
import { rejected } from '../support/thrown.js';

const modeOf = async (path: string): Promise<number> => (await stat(path)).mode & 0o777;

describe.skipIf(process.platform === 'win32')('modes (pitfall 23)', () => {
  test('replacing an open file leaves a closed one, whatever the umask', async () => {
    const path = join(await tempDir(), 'key');
    await writeFile(path, 'old', { mode: 0o644 });
    const umask = process.umask(0o277);
    try {
      await writeFileAtomic(path, 'new', { mode: 0o600, existing: 'replace' });
    } finally {
      process.umask(umask);
    }
    expect(await modeOf(path)).toBe(0o600);
    expect(await readFile(path, 'utf8')).toBe('new');
  });

  test('a directory for keys is closed, also one that was there', async () => {
    const dir = await tempDir();
    await mkdir(join(dir, 'keys'), { mode: 0o755 });
    await chmod(join(dir, 'keys'), 0o775);
    for (const name of ['keys', 'more/keys']) {
      await ensureDirectory(join(dir, name), 'secret');
      expect(await modeOf(join(dir, name))).toBe(0o700);
    }
    expect(await modeOf(join(dir, 'more'))).toBe(0o755);
  });
});

describe('atomic files', () => {
  test('"refuse" keeps what is there', async () => {
    const dir = await tempDir();
    const path = join(dir, 'key');
    await writeFileAtomic(path, 'first', { mode: 0o600, existing: 'refuse' });
    const error = await rejected(
      writeFileAtomic(path, 'second', { mode: 0o600, existing: 'refuse' }),
      'ERR_PKI_EXISTS',
    );
    expect(error.path).toBe(path);
    expect(await readFile(path, 'utf8')).toBe('first');
    expect(await readdir(dir)).toEqual(['key']);
  });

  test('of many writers at once exactly one wins with "refuse"', async () => {
    const path = join(await tempDir(), 'key');
    const writes = Array.from({ length: 10 }, (_, index) =>
      writeFileAtomic(path, `writer ${index}`, { mode: 0o600, existing: 'refuse' }),
    );
    const results = await Promise.allSettled(writes);
    const winners = results.flatMap(({ status }, index) => (status === 'fulfilled' ? [index] : []));
    expect(winners).toHaveLength(1);
    expect(await readFile(path, 'utf8')).toBe(`writer ${winners[0] ?? ''}`);
  });

  test('a directory that cannot be written to is named, with the cause', async () => {
    const dir = await tempDir();
    await writeFile(join(dir, 'file'), '');
    const path = join(dir, 'file', 'key');
    const error = await rejected(writeFileAtomic(path, 'x', { mode: 0o600, existing: 'refuse' }), 'ERR_PKI_IO');
    expect(error.path).toBe(path);
    expect(error.cause).toHaveProperty('code', 'ENOTDIR');
    await rejected(ensureDirectory(path, 'secret'), 'ERR_PKI_IO');
  });

  test('a full disk is called a full disk', () => {
    const cause = Object.assign(new Error('write'), { code: 'ENOSPC' });
    const error = ioError('write', '/keys/ca.key', cause);
    expect(error.message).toBe('cannot write /keys/ca.key: the disk is full (ENOSPC)');
    expect(error.cause).toBe(cause);
  });

  test('leftovers of a killed run are known by their names and removed', async () => {
    const dir = await tempDir();
    const names = ['.ca.key.0123456789abcdef.pki-tmp', '.ca.key.tmp', 'ca.key'];
    for (const name of names) await writeFile(join(dir, name), '');
    expect(names.filter(isTempName)).toEqual(names.slice(0, 1));
    await removeTempFiles(dir);
    expect((await readdir(dir)).sort()).toEqual(['.ca.key.tmp', 'ca.key']);
    await removeTempFiles(join(dir, 'none'));
  });

  test('reading tells a missing file from an unreadable and an oversized one', async () => {
    const dir = await tempDir();
    expect(await readTextFile(join(dir, 'none'))).toBeUndefined();
    await rejected(readTextFile(dir), 'ERR_PKI_IO');
    await writeFile(join(dir, 'big'), 'x'.repeat(70_000));
    await rejected(readTextFile(join(dir, 'big')), 'ERR_PKI_PEM');
  });
});
