import { cp, mkdir, readdir, readFile, rm, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createFileFirmwareStore, type FileStoreStep } from '../../src/index.js';
import { collect } from '../fixtures/bytes.js';
import { publish } from '../fixtures/firmware.js';
import { describeFirmwareStore } from '../fixtures/firmware-store-contract.js';
import { temporaryDirectory } from '../fixtures/temporary-directory.js';

for (const [name, cacheBytes] of [
  ['files', undefined],
  ['files without a cache', 0],
  ['files with a cache of one block', 256 * 1024],
] as const) {
  describeFirmwareStore(name, async () => {
    const dir = join(await temporaryDirectory(), 'store');
    return createFileFirmwareStore({ dir, ...(cacheBytes === undefined ? {} : { cacheBytes }) });
  });
}

const openFiles = async () => (process.platform === 'linux' ? (await readdir('/proc/self/fd')).length : 0);

describe('the file store', () => {
  it('is the same store after a restart, and in another process', async () => {
    const dir = await temporaryDirectory();
    const first = await publish(createFileFirmwareStore({ dir }), { version: '1.0.0' });
    const reopened = createFileFirmwareStore({ dir });
    expect(await reopened.listReleases()).toEqual([first]);
    const second = await publish(createFileFirmwareStore({ dir }), { version: '1.1.0' });
    expect(second.seq).toBe(2);
    expect(await reopened.listReleases()).toEqual([first, second]);
  });

  it('gives publishers in several processes distinct numbers', async () => {
    const dir = await temporaryDirectory();
    const versions = Array.from({ length: 5 }, (_, index) => ({ version: '1.0.0', project: `app${index}` }));
    const releases = await Promise.all(versions.map((image) => publish(createFileFirmwareStore({ dir }), image)));
    expect(releases.map(({ seq }) => seq).sort()).toEqual([1, 2, 3, 4, 5]);
    expect(await createFileFirmwareStore({ dir }).listReleases()).toHaveLength(5);
  });

  it('is whole, before or after, wherever a publisher is killed', async () => {
    const root = await temporaryDirectory();
    const dir = join(root, 'live');
    const before = await publish(createFileFirmwareStore({ dir }), { version: '1.0.0' });
    const steps: FileStoreStep[] = [];
    // A copy taken before a step is what a kill at that point leaves behind, temporary files included.
    const onStep = (step: FileStoreStep) => {
      cpSync(dir, join(root, `${steps.push(step)}`), { recursive: true });
    };
    const after = await publish(createFileFirmwareStore({ dir, onStep }), { version: '1.1.0' });
    expect(steps).toEqual([
      'image:write',
      'image:sync',
      'image:publish',
      'release:write',
      'release:sync',
      'release:publish',
    ]);
    for (const [index] of steps.entries()) {
      const killed = createFileFirmwareStore({ dir: join(root, `${index + 1}`) });
      expect(await killed.listReleases()).toEqual([before]);
      expect((await collect(killed.readImage({ sha256: before.sha256 }))).length).toBe(before.size);
      const retried = await publish(killed, { version: '1.1.0' });
      expect(retried).toMatchObject({ seq: 2, image: after.image });
      expect(await killed.listReleases()).toEqual([before, retried]);
      expect((await collect(killed.readImage({ sha256: retried.sha256 }))).length).toBe(retried.size);
    }
  });

  it.each<FileStoreStep>([
    'image:write',
    'image:sync',
    'image:publish',
    'release:write',
    'release:sync',
    'release:publish',
  ])('releases nothing, and leaves no temporary file, when the disk fails at %s', async (failing) => {
    const dir = await temporaryDirectory();
    const onStep = (step: FileStoreStep) => {
      if (step === failing) throw Object.assign(new Error('disk full'), { code: 'ENOSPC' });
    };
    await expect(publish(createFileFirmwareStore({ dir, onStep }), {})).rejects.toMatchObject({
      code: 'store_failed',
      cause: { code: 'ENOSPC' },
    });
    const store = createFileFirmwareStore({ dir });
    expect(await store.listReleases()).toEqual([]);
    expect(await readdir(join(dir, 'tmp'))).toEqual([]);
    expect(await publish(store, {})).toMatchObject({ seq: 1 });
  });

  it('removes what killed writers left, once it is old', async () => {
    const dir = await temporaryDirectory();
    await mkdir(join(dir, 'tmp'));
    for (const name of ['old.tmp', 'new.tmp']) await writeFile(join(dir, 'tmp', name), 'half');
    const longAgo = new Date(Date.now() - 2 * 86_400_000);
    await utimes(join(dir, 'tmp/old.tmp'), longAgo, longAgo);
    await publish(createFileFirmwareStore({ dir }), {});
    expect(await readdir(join(dir, 'tmp'))).toEqual(['new.tmp']);
  });

  it('follows no link out of the store', async () => {
    const root = await temporaryDirectory();
    const dir = join(root, 'store');
    const { sha256, seq } = await publish(createFileFirmwareStore({ dir }), {});
    await writeFile(join(root, 'secret'), 'secret');
    const other = 'c'.repeat(64);
    await symlink(join(root, 'secret'), join(dir, 'images', `${other}.bin`));
    await symlink(join(dir, 'releases', '0000000001.json'), join(dir, 'releases', '0000000002.json'));
    const store = createFileFirmwareStore({ dir });
    expect(await store.statImage({ sha256: other })).toBeUndefined();
    await expect(collect(store.readImage({ sha256: other }))).rejects.toMatchObject({ code: 'store_damaged' });
    await expect(store.listReleases()).rejects.toMatchObject({ code: 'store_failed' });
    expect([sha256.length, seq]).toEqual([64, 1]);
  });

  it.each([
    ['cut short', (text: string) => text.slice(0, 40)],
    ['empty', () => ''],
    ['of a later format', (text: string) => text.replace('"format": 1', '"format": 2')],
    ['renumbered', (text: string) => text.replace('"seq": 1', '"seq": 7')],
    ['pointing elsewhere', (text: string) => text.replace(/"sha256": "[^"]*"/, '"sha256": "../../etc/passwd"')],
    ['null', () => 'null'],
  ])('says so when a record is %s', async (_name, damage) => {
    const dir = await temporaryDirectory();
    await publish(createFileFirmwareStore({ dir }), {});
    const path = join(dir, 'releases/0000000001.json');
    await writeFile(path, damage(await readFile(path, 'utf8')));
    const attempt = createFileFirmwareStore({ dir }).listReleases();
    await expect(attempt).rejects.toMatchObject({ code: 'store_damaged' });
    await expect(attempt).rejects.not.toThrow(dir);
  });

  it('ignores files that are not its own', async () => {
    const dir = await temporaryDirectory();
    const first = await publish(createFileFirmwareStore({ dir }), {});
    for (const name of ['README', '1.json', '0000000002.json.bak', '.0000000002.json']) {
      await writeFile(join(dir, 'releases', name), 'x');
    }
    expect(await createFileFirmwareStore({ dir }).listReleases()).toEqual([first]);
  });

  it('notices an image that lost bytes, and heals it when it is stored again', async () => {
    const dir = await temporaryDirectory();
    const store = createFileFirmwareStore({ dir });
    const { sha256, size } = await store.putImage({ bytes: Buffer.alloc(1000, 1) });
    expect(size).toBe(1000);
    await truncate(join(dir, 'images', `${sha256}.bin`), 500);
    await expect(collect(store.readImage({ sha256, start: 0, end: 999 }))).rejects.toMatchObject({
      code: 'store_damaged',
    });
    await store.putImage({ bytes: Buffer.alloc(1000, 1) });
    expect((await collect(store.readImage({ sha256 }))).length).toBe(1000);
  });

  it.skipIf(process.platform !== 'linux')('closes the file when a reader stops early (needs /proc)', async () => {
    const dir = await temporaryDirectory();
    const store = createFileFirmwareStore({ dir });
    const { sha256 } = await store.putImage({ bytes: Buffer.alloc(500_000) });
    const before = await openFiles();
    for (let round = 0; round < 20; round += 1) {
      for await (const chunk of store.readImage({ sha256 })) {
        expect(chunk.length).toBe(262_144);
        break;
      }
      // never read at all
      store.readImage({ sha256 });
    }
    expect(await openFiles()).toBe(before);
  });

  it('shows a release of another process at once, however quiet it was before', async () => {
    const dir = await temporaryDirectory();
    const reader = createFileFirmwareStore({ dir });
    const versions = ['1.0.0', '1.1.0', '1.2.0', '1.3.0'];
    for (const [index, version] of versions.entries()) {
      await publish(createFileFirmwareStore({ dir }), { version });
      expect((await reader.listReleases()).map((release) => release.version)).toEqual(versions.slice(0, index + 1));
      const longAgo = new Date(2020, 0, index + 1);
      await utimes(join(dir, 'releases'), longAgo, longAgo);
      expect(await reader.listReleases()).toHaveLength(index + 1);
    }
    await rm(join(dir, 'releases/0000000004.json'));
    expect(await reader.listReleases()).toHaveLength(3);
  });

  it.each<[string, (path: string) => Promise<void>]>([
    ['removed', (path) => rm(path)],
    ['cut short', (path) => truncate(path, 300_000)],
    ['emptied', (path) => truncate(path, 0)],
  ])('has no image any more whose file was %s after it was read', async (_name, damage) => {
    const dir = await temporaryDirectory();
    const store = createFileFirmwareStore({ dir });
    const bytes = randomBytes(600_000);
    const { sha256 } = await store.putImage({ bytes });
    expect(bytes.equals(await collect(store.readImage({ sha256 })))).toBe(true);
    await damage(join(dir, 'images', `${sha256}.bin`));
    await expect(collect(store.readImage({ sha256, start: 0, end: 599_999 }))).rejects.toMatchObject({
      code: 'store_damaged',
    });
    await createFileFirmwareStore({ dir }).putImage({ bytes });
    expect(bytes.equals(await collect(store.readImage({ sha256 })))).toBe(true);
  });

  it.each<[string, (path: string) => Promise<void>]>([
    ['removed', (path) => rm(path)],
    ['cut short', (path) => truncate(path, 300_000)],
  ])('never ends well, with other bytes, for a reader whose file is %s on the way', async (_name, damage) => {
    const dir = await temporaryDirectory();
    const store = createFileFirmwareStore({ dir });
    const bytes = randomBytes(600_000);
    const { sha256 } = await store.putImage({ bytes });
    const chunks: Uint8Array[] = [];
    const read = async () => {
      for await (const chunk of store.readImage({ sha256 })) {
        if (chunks.push(chunk) === 1) await damage(join(dir, 'images', `${sha256}.bin`));
      }
    };
    const failed = await read().then(
      () => false,
      () => true,
    );
    const received = Buffer.concat(chunks);
    expect(bytes.subarray(0, received.length).equals(received)).toBe(true);
    expect(failed).toBe(received.length < bytes.length);
  });

  it('reads a file once for many readers', async () => {
    const store = createFileFirmwareStore({ dir: await temporaryDirectory() });
    const { sha256 } = await store.putImage({ bytes: randomBytes(600_000) });
    const firstChunk = async () => {
      for await (const chunk of store.readImage({ sha256 })) return chunk.buffer;
      return undefined;
    };
    const buffers = await Promise.all(Array.from({ length: 20 }, firstChunk));
    expect(new Set(buffers).size).toBe(1);
  });

  it.each([-1, 0.5, Number.NaN])('refuses a cache of %d bytes', async (cacheBytes) => {
    const dir = await temporaryDirectory();
    expect(() => createFileFirmwareStore({ dir, cacheBytes })).toThrow('cacheBytes');
  });

  it('can be moved', async () => {
    const root = await temporaryDirectory();
    const first = await publish(createFileFirmwareStore({ dir: join(root, 'a') }), {});
    await cp(join(root, 'a'), join(root, 'b'), { recursive: true });
    expect(await createFileFirmwareStore({ dir: join(root, 'b') }).listReleases()).toEqual([first]);
  });

  it('wants a directory', () => {
    expect(() => createFileFirmwareStore({ dir: '' })).toThrow('dir');
  });
});
