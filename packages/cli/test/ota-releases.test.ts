import { join } from 'node:path';
import { createFileFirmwareStore, type Release } from '@secure-esp/ota-server';
import { describe, expect, test } from 'vitest';
import { runMain, temporaryFolder } from './run-main.js';

const DAY_SECONDS = 24 * 60 * 60;

/** A tree with `versions` released for an ESP32, and the first of them for an ESP32-C3, too. */
async function releasedTree(...versions: string[]): Promise<string> {
  const dir = await temporaryFolder();
  const run = async (...argv: string[]) => {
    const { exitCode, stderr } = await runMain(dir, argv);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  };
  await run('pki', 'init', '--chip', 'esp32');
  await run('pki', 'init', '--chip', 'esp32c3');
  for (const chip of ['esp32', 'esp32c3']) {
    for (const version of chip === 'esp32' ? versions : versions.slice(0, 1)) {
      const file = `${chip}-${version}.bin`;
      await run('image', 'build', '--chip', chip, '--project', 'lamp', '--image-version', version, '--out', file);
      await run('image', 'sign', file, '--out', `signed-${file}`);
      await run('ota', 'publish', `signed-${file}`, '--name', 'lamp');
    }
  }
  return dir;
}

const listed = async (dir: string, ...argv: string[]): Promise<Release[]> =>
  JSON.parse((await runMain(dir, ['ota', 'list', '--json', ...argv])).stdout) as Release[];

describe('ota list', () => {
  test('shows what is offered, and with --all what was', async () => {
    const dir = await releasedTree('1.0.0', '1.1.0');
    const { stdout } = await runMain(dir, ['ota', 'list']);
    expect(stdout.split('\n')).toHaveLength(3);
    expect(stdout).toMatch(/^ +2 {2}until \d{4}-\d\d-\d\d {2}esp32 {5}lamp 1\.1\.0 {2}\/lamp\.bin {2}\d+ bytes$/m);
    expect((await listed(dir)).map(({ chip, version }) => `${chip} ${version}`)).toEqual([
      'esp32 1.1.0',
      'esp32c3 1.0.0',
    ]);
    expect(await listed(dir, '--all')).toHaveLength(3);
  });

  test('says that nothing is released', async () => {
    const dir = await temporaryFolder();
    await runMain(dir, ['pki', 'init']);
    expect((await runMain(dir, ['ota', 'list'])).stdout).toBe('nothing is released\n');
    expect((await runMain(dir, ['ota', 'list', '--expiring', '3651'])).exitCode).not.toBe(0);
  });

  test('shows what ends soon', async () => {
    const dir = await releasedTree('1.0.0');
    expect((await runMain(dir, ['ota', 'list', '--expiring', '30d'])).stdout).toBe('no release matches\n');
    expect((await runMain(dir, ['ota', 'list', '--expiring', '91d'])).stdout).toContain('secure-esp ota renew');
  });
});

describe('ota renew', () => {
  test('vouches for the newest of each chip for longer, and never for what was overtaken', async () => {
    const dir = await releasedTree('1.0.0', '1.1.0');
    const { exitCode, stdout } = await runMain(dir, ['ota', 'renew', '--days', '365']);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^renewed lamp 1\.1\.0 for esp32 until .*, as number 4\n/);
    const current = await listed(dir);
    expect(current.map(({ seq, chip, version }) => `${seq} ${chip} ${version}`)).toEqual([
      '4 esp32 1.1.0',
      '5 esp32c3 1.0.0',
    ]);
    for (const { expiresAt = 0, releasedAt } of current) expect(expiresAt - releasedAt).toBe(365 * DAY_SECONDS);
  });

  test('does nothing when nothing ends soon', async () => {
    const dir = await releasedTree('1.0.0');
    expect((await runMain(dir, ['ota', 'renew', '--expiring', '30d'])).stdout).toBe('nothing is to be renewed\n');
    expect(await createFileFirmwareStore({ dir: join(dir, '.secure-esp', 'firmware') }).listReleases()).toHaveLength(2);
  });
});
