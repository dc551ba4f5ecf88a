import { createFileFirmwareStore, type Release } from '@secure-esp/ota-server';
import { cp, mkdtemp, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { runMain } from '../../run-main.js';
import { examine, examineAs } from './clinic.js';

const DAY_MS = 86_400_000;
let made: string;
let released: Release;

beforeAll(async () => {
  made = await mkdtemp(join(tmpdir(), 'secure-esp-released-'));
  for (const argv of [
    ['pki', 'init', '--chip', 'esp32'],
    ['image', 'build', '--chip', 'esp32', '--project', 'lamp', '--image-version', '1.0.0', '--out', 'plain.bin'],
    ['image', 'sign', 'plain.bin', '--out', 'lamp.bin'],
    ['ota', 'publish', 'lamp.bin', '--name', 'lamp'],
  ])
    expect(await runMain(made, argv)).toMatchObject({ exitCode: 0, stderr: '' });
  const [release] = await createFileFirmwareStore({ dir: join(made, '.secure-esp/firmware') }).listReleases();
  if (release === undefined) throw new Error('nothing is released');
  released = release;
});
afterAll(() => rm(made, { recursive: true, force: true }));

/** A copy of the tree with its release, to break. */
async function copy(): Promise<{ cwd: string; firmware: string }> {
  const cwd = await mkdtemp(join(tmpdir(), 'secure-esp-doctor-'));
  onTestFinished(() => rm(cwd, { recursive: true, force: true }));
  await cp(made, cwd, { recursive: true });
  return { cwd, firmware: join(cwd, '.secure-esp/firmware') };
}
const verdict = async (cwd: string): Promise<string> =>
  (await examine(cwd, '--offline')).of(`releases:${released.channel}`);
/** What is said so long before the end of the manifest. */
const verdictBefore = async (days: number): Promise<string> => {
  const now = (): Date => new Date((released.expiresAt ?? 0) * 1000 - days * DAY_MS);
  return (await examineAs((await copy()).cwd, { now }, { offline: true })).of(`releases:${released.channel}`);
};

describe('releases', () => {
  test('one that is good', async () => {
    expect(await verdict((await copy()).cwd)).toMatch(/^ok: 1\.0\.0 for esp32, \d+ days left/);
  });

  test('a manifest that ends soon, and one that is over', async () => {
    expect(await verdictBefore(14.5)).toMatch(/^ok: 1\.0\.0 for esp32, 14 days left/);
    expect(await verdictBefore(5.5)).toMatch(
      /^warn: the manifest of 1\.0\.0 for esp32 ends in 5 days\. Renew it with `secure-esp ota renew`/,
    );
    expect(await verdictBefore(-0.1)).toMatch(/^fail: the manifest of 1\.0\.0 for esp32 is over: .*ota renew/);
  });

  test('an image that is cut off, and one that is gone', async () => {
    const { cwd, firmware } = await copy();
    const [name = ''] = await readdir(join(firmware, 'images'));
    await truncate(join(firmware, 'images', name), 1000);
    const damaged = /^fail: the image of 1\.0\.0 for esp32 is missing or damaged\. Publish it again/;
    expect(await verdict(cwd)).toMatch(damaged);
    await rm(join(firmware, 'images', name));
    expect(await verdict(cwd)).toMatch(damaged);
  });

  test('a manifest of another release key, and none', async () => {
    const { cwd, firmware } = await copy();
    await runMain(cwd, ['pki', 'init', '--dir', 'other']);
    await cp(join(cwd, 'other/release-keys'), join(cwd, '.secure-esp/release-keys'), { recursive: true });
    expect(await verdict(cwd)).toMatch(/^fail: the manifest of 1\.0\.0 for esp32 is refused: .*Publish it again/);
    const { seq, channel, project, chip, version, secureVersion, size, sha256, image, releasedAt } = released;
    const unsigned = { channel, project, chip, version, secureVersion, size, sha256, image, releasedAt, seq: seq + 1 };
    await createFileFirmwareStore({ dir: firmware }).appendRelease({ release: unsigned });
    expect(await verdict(cwd)).toMatch(/^warn: 1\.0\.0 for esp32 has no signed manifest: .*Publish it again/);
  });

  test('a record that cannot be read', async () => {
    const { cwd, firmware } = await copy();
    const [name = ''] = await readdir(join(firmware, 'releases'));
    await writeFile(join(firmware, 'releases', name), '{');
    const report = await examine(cwd, '--offline');
    expect(report.exitCode).toBe(1);
    expect(report.of('releases')).toMatch(/^fail: .+ .+/);
  });
});
