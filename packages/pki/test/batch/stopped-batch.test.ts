import { cp, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { initPki, type IssuedRecord, openPki, type PkiTree } from '../../src/index.js';
import { contents } from '../support/tree-files.js';
import { tempDir } from '../support/temp-dir.js';
import { batchRun, compileBatch } from './batch-run.js';

const IDS = ['esp-1', 'esp-2'];

const isKey = (name: string): boolean => /^devices\/esp-\d\/client\.key$/.test(name);

async function deviceRecords(tree: PkiTree): Promise<IssuedRecord[]> {
  const records: IssuedRecord[] = [];
  for await (const record of tree.inventory({ role: 'device' })) records.push(record);
  return records;
}

/** What was handed out before is recorded; afterwards each device has one pair and one record, and nothing else is left. */
async function checkResumed(dir: string): Promise<void> {
  // the lock of the killed process would be waited for
  await rm(join(dir, '.pki.lock'), { force: true });
  const left = await contents(dir);
  const tree = await openPki(dir);
  const recorded = new Set((await deviceRecords(tree)).map(({ certificate }) => certificate));
  for (const id of await readdir(join(dir, 'devices')).catch(() => [])) {
    if (id.startsWith('.')) continue;
    expect(recorded).toContain((await tree.device(id)).cert);
    expect(await readFile(join(dir, 'devices', id, 'ca.crt'), 'utf8')).toBe(tree.ca);
  }
  const report = await tree.issueDevices(IDS);
  expect(report.map(({ id }) => id)).toEqual(IDS);
  const records = await deviceRecords(tree);
  expect(records.map(({ commonName }) => commonName).sort()).toEqual(IDS);
  expect(new Set(records.map(({ serial }) => serial)).size).toBe(IDS.length);
  for (const { commonName, certificate } of records) expect((await tree.device(commonName)).cert).toBe(certificate);
  const now = await contents(dir);
  expect(now).toMatchObject(Object.fromEntries(Object.entries(left).filter(([name]) => isKey(name))));
  expect(Object.keys(now).filter((name) => /lock|tmp|issuing/.test(name))).toEqual([]);
  expect((await tree.issueDevices(IDS)).map(({ state }) => state)).toEqual(IDS.map(() => 'existing'));
  expect(await contents(dir)).toEqual(now);
}

describe.skipIf(process.platform === 'win32')('a batch that stops', () => {
  test.each(['kill', 'fail'] as const)(
    'before any one call to the file system (%s) is completed by the next',
    async (how) => {
      const compiled = await compileBatch();
      const model = await tempDir();
      await initPki({ dir: model, devices: [], chips: [] });
      const copy = async (): Promise<string> => {
        const dir = await tempDir();
        await cp(model, dir, { recursive: true });
        return dir;
      };
      const whole = await batchRun(compiled, { dir: await copy(), ids: IDS });
      const counted = whole.calls.filter(([call]) => call !== 'synced' && (how === 'kill' || call !== 'unlinkSync'));
      const steps = counted.length;
      expect(steps).toBeGreaterThan(30);
      let next = 1;
      const lane = async (): Promise<void> => {
        while (next <= steps) {
          const stopAt = next;
          next += 1;
          const dir = await copy();
          const run = await batchRun(compiled, { dir, ids: IDS, stopAt, how });
          if (how === 'kill') expect(run.killed).toBe(true);
          else expect(run.code).toBe('ERR_PKI_IO');
          await checkResumed(dir);
        }
      };
      await Promise.all([lane(), lane(), lane()]);
    },
    180_000,
  );

  test('waits for the disk before it relies on what it wrote', async () => {
    const compiled = await compileBatch();
    const dir = await tempDir();
    await initPki({ dir, devices: [], chips: [] });
    const { calls } = await batchRun(compiled, { dir, ids: IDS });
    const at = (call: string, path: RegExp): number[] =>
      calls.flatMap(([name, of], index) => (name === call && path.test(of) ? [index] : []));
    const before = (earlier: number[], later: number[]): void => {
      expect(earlier.length).toBeGreaterThan(0);
      expect(later.length).toBeGreaterThan(0);
      expect(Math.max(...earlier)).toBeLessThan(Math.min(...later));
    };
    const record = /^\/issued\/[0-9A-F]+\.json$/;
    const place = /^\/devices\/esp-\d$/;
    const staged = /^\/devices\/\.issuing\/esp-\d\/(client\.crt|client\.key|ca\.crt)$/;
    expect(at('synced', staged)).toHaveLength(6);
    // names, then whole folders, then records, then their places
    before(at('synced', /^\/issued\/names$/), at('linkSync', record));
    before(at('synced', staged), at('linkSync', record));
    before(at('synced', /^\/devices\/\.issuing\/esp-\d$/), at('linkSync', record));
    before(at('synced', /^\/issued\/\.[0-9A-F]+\.json\.[0-9a-f]+\.pki-tmp$/), at('linkSync', record));
    before(at('synced', /^\/issued$/), at('renameSync', place));
    expect(Math.max(...at('synced', /^\/devices$/))).toBeGreaterThan(Math.max(...at('renameSync', place)));
  }, 60_000);
});
