import { X509Certificate } from 'node:crypto';
import { chmod, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type DeviceBatchProgress, initPki, openPki, type PkiTree } from '../../src/index.js';
import { contents } from '../support/tree-files.js';
import { tempDir } from '../support/temp-dir.js';
import { rejected } from '../support/thrown.js';

const madeTree = async (): Promise<PkiTree> => initPki({ dir: await tempDir(), devices: ['first'], chips: [] });
const ids = (count: number): string[] => Array.from({ length: count }, (_, index) => `esp-${index + 1}`);

describe('issueDevices', () => {
  test('makes for each device what issueDevice makes', async () => {
    const tree = await madeTree();
    const report = await tree.issueDevices(['first', 'esp-1', 'esp-2']);
    expect(report.map(({ id, state }) => [id, state])).toEqual([
      ['first', 'existing'],
      ['esp-1', 'issued'],
      ['esp-2', 'issued'],
    ]);
    await tree.issueDevice('single');
    for (const id of ['esp-1', 'single']) {
      const files = tree.paths.device(id);
      const modes = await Promise.all(
        [files.dir, files.key, files.cert, files.ca].map(async (path) => (await stat(path)).mode & 0o777),
      );
      expect(modes).toEqual([0o700, 0o600, 0o644, 0o644]);
      const { cert, cn } = await tree.device(id);
      const certificate = new X509Certificate(cert);
      expect(cn).toBe(id);
      expect(certificate.subject).toBe(`O=secure-esp\nOU=device\nCN=${id}`);
      expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
    }
    expect(await tree.devices()).toEqual(['esp-1', 'esp-2', 'first', 'single']);
    expect(report[1]?.serial).toBe(new X509Certificate((await tree.device('esp-1')).cert).serialNumber);
  });

  test('again changes nothing and needs neither lock nor CA key', async () => {
    const tree = await madeTree();
    await tree.issueDevices(ids(20));
    await rm(tree.paths.deviceCaKey);
    const before = await contents(tree.dir);
    const report = await tree.issueDevices(ids(20));
    expect(new Set(report.map(({ state }) => state))).toEqual(new Set(['existing']));
    expect(await contents(tree.dir)).toEqual(before);
    await rejected(tree.issueDevices(['another']), 'ERR_PKI_KEY');
  });

  test('tells how far it is, when it is so', async () => {
    const tree = await madeTree();
    const told: DeviceBatchProgress[] = [];
    await tree.issueDevices(ids(600), { onProgress: (progress) => told.push(progress) });
    expect(told.at(-1)).toEqual({ done: 600, total: 600, issued: 600 });
    expect(told.length).toBeGreaterThan(2);
    expect(told.map(({ done }) => done)).toEqual(told.map(({ done }) => done).toSorted((a, b) => a - b));
  });

  test('stops between groups by its signal, and the next run makes the rest', async () => {
    const tree = await madeTree();
    const controller = new AbortController();
    const stopped = tree.issueDevices(ids(600), {
      signal: controller.signal,
      onProgress: () => {
        controller.abort(new Error('enough'));
      },
    });
    await expect(stopped).rejects.toThrow('enough');
    const made = (await tree.devices()).length - 1;
    expect(made).toBeGreaterThan(0);
    expect(made).toBeLessThan(600);
    const report = await tree.issueDevices(ids(600));
    expect(report.filter(({ state }) => state === 'existing')).toHaveLength(made);
    await expect(tree.issueDevices(['x'], { signal: AbortSignal.abort(new Error('never')) })).rejects.toThrow('never');
  });

  test('lets another run have the lock in between', async () => {
    const tree = await madeTree();
    const other = await openPki(tree.dir);
    const order: string[] = [];
    const batch = tree
      .issueDevices(ids(1500), { onProgress: () => order.push('group') })
      .then(() => order.push('batch'));
    await other.issueDevice('between');
    order.push('other');
    await batch;
    expect(order.indexOf('other')).toBeLessThan(order.indexOf('batch'));
    expect(await tree.devices()).toHaveLength(1502);
  }, 60_000);

  test('two batches at once make each device once', async () => {
    const tree = await madeTree();
    const reports = await Promise.all([tree.issueDevices(ids(300)), (await openPki(tree.dir)).issueDevices(ids(300))]);
    const issued = reports.flatMap((report) => report.filter(({ state }) => state === 'issued'));
    expect(issued).toHaveLength(300);
    const [one, two] = reports.map((report) => report.map(({ serial }) => serial));
    expect(one).toEqual(two);
  }, 60_000);

  test('makes keys of other kinds, and leaves the pairs that are there', async () => {
    const tree = await madeTree();
    const told: unknown[] = [];
    const options = {
      keyAlgorithm: 'rsa-2048',
      concurrency: 2,
      onProgress: (progress: unknown) => told.push(progress),
    } as const;
    const report = await tree.issueDevices(['first', 'rsa-1', 'rsa-2'], options);
    expect(report.map(({ state }) => state)).toEqual(['existing', 'issued', 'issued']);
    expect(new X509Certificate((await tree.device('rsa-1')).cert).publicKey.asymmetricKeyType).toBe('rsa');
    // such a pair takes the slow look
    expect((await tree.issueDevices(['rsa-1', 'rsa-2'])).map(({ state }) => state)).toEqual(['existing', 'existing']);
  }, 60_000);
});

describe('issueDevices in a tree that is not as it was left', () => {
  test('completes a device of which only the key is there, with that key', async () => {
    const tree = await madeTree();
    await tree.issueDevices(['esp-1', 'esp-2']);
    const { cert, key, ca } = tree.paths.device('esp-1');
    const before = await readFile(key, 'utf8');
    await rm(cert);
    await rm(ca);
    const report = await tree.issueDevices(['esp-1', 'esp-2', 'esp-3']);
    expect(report.map(({ state }) => state)).toEqual(['issued', 'existing', 'issued']);
    expect((await tree.device('esp-1')).key).toBe(before);
  });

  test('puts back the CA copy and the closed mode of a key', async () => {
    const tree = await madeTree();
    await tree.issueDevices(['esp-1']);
    const { key, ca } = tree.paths.device('esp-1');
    await writeFile(ca, 'stale');
    await chmod(key, 0o644);
    expect((await tree.issueDevices(['esp-1'])).map(({ state }) => state)).toEqual(['existing']);
    expect(await readFile(ca, 'utf8')).toBe(tree.ca);
    expect((await stat(key)).mode & 0o777).toBe(0o600);
  });

  test('refuses a pair that does not match, and a certificate that is not the device’s own', async () => {
    const tree = await madeTree();
    await tree.issueDevices(['esp-1', 'esp-2']);
    const [one, two] = [tree.paths.device('esp-1'), tree.paths.device('esp-2')];
    const own = await readFile(one.key, 'utf8');
    await writeFile(one.key, await readFile(two.key, 'utf8'));
    await rejected(tree.issueDevices(['esp-1']), 'ERR_PKI_KEY');
    await writeFile(one.cert, await readFile(two.cert, 'utf8'));
    await rejected(tree.issueDevices(['esp-1']), 'ERR_PKI_CERTIFICATE');
    await writeFile(one.key, own);
    await writeFile(one.cert, 'damaged');
    await rejected(tree.issueDevices(['esp-1']), 'ERR_PKI_PEM');
  });

  test('issues again what is over, and leaves alone what is revoked', async () => {
    const tree = await madeTree();
    await tree.issueDevices(['esp-1', 'esp-2']);
    await tree.revoke({ commonName: 'esp-1' });
    expect((await tree.issueDevices(['esp-1', 'esp-2'])).map(({ state }) => state)).toEqual(['revoked', 'existing']);
    const later = await openPki(tree.dir, { now: () => new Date(Date.now() + 11 * 365 * 86_400_000) });
    expect((await later.issueDevices(['esp-1', 'esp-2'])).map(({ state }) => state)).toEqual(['revoked', 'issued']);
  });

  test('moves a recorded folder that a killed run left aside to its place, and deletes any other', async () => {
    const tree = await madeTree();
    await tree.issueDevices(['esp-1', 'esp-2']);
    const aside = join(tree.paths.devicesDir, '.issuing');
    const { cp, mkdir, rename } = await import('node:fs/promises');
    await mkdir(aside);
    await rename(tree.paths.device('esp-1').dir, join(aside, 'esp-1'));
    await cp(tree.paths.device('esp-2').dir, join(aside, 'esp-2'), { recursive: true });
    await cp(tree.paths.device('esp-2').dir, join(aside, 'esp-3'), { recursive: true });
    await tree.issueDevice('esp-4');
    expect(await tree.devices()).toEqual(['esp-1', 'esp-2', 'esp-4', 'first']);
    expect((await tree.device('esp-1')).cn).toBe('esp-1');
    await rejected(tree.device('esp-3'), 'ERR_PKI_UNKNOWN_DEVICE');
  });
});

describe('issueDevices refuses, before it writes anything,', () => {
  test.each([
    ['what is no id', ['good', 'x/y']],
    ['the name of a role', ['good', 'Broker']],
    ['names that differ in case only', ['good', 'Good']],
  ])('%s', async (_what, names) => {
    const tree = await madeTree();
    await rejected(tree.issueDevices(names), 'ERR_PKI_NAME');
    expect(await tree.devices()).toEqual(['first']);
  });

  test('options out of range', async () => {
    const tree = await madeTree();
    await rejected(tree.issueDevices(['a'], { concurrency: 0 }), 'ERR_PKI_OPTION');
    await rejected(tree.issueDevices(['a'], { concurrency: 1.5 }), 'ERR_PKI_OPTION');
    await rejected(tree.issueDevices(['a'], { keyAlgorithm: 'dsa' as never }), 'ERR_PKI_OPTION');
  });

  test('a name that belongs to the operator, in a group of good ones', async () => {
    const dir = await tempDir();
    const tree = await initPki({ dir, devices: [], chips: [], operator: 'night-shift' });
    await rejected(tree.issueDevices(['esp-1', 'night-shift']), 'ERR_PKI_NAME');
    expect(await tree.devices()).toEqual([]);
    expect(await tree.issueDevices([])).toEqual([]);
  });
});
