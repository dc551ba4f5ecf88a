import { buildImage } from '@secure-esp/firmware-image';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { leafCommands } from '../src/program/tree.js';
import { programForTests } from './command-tree.js';
import { runMain, temporaryFolder } from './run-main.js';

/** They print for a shell. */
const WITHOUT_JSON = ['completion', 'complete'];

const leaves = [...leafCommands(programForTests())];

test.each(leaves.map(([path]) => path))('secure-esp %s takes --json', (path) => {
  const command = leaves.find(([each]) => each === path)?.[1];
  const has = command?.options.some(({ long }) => long === '--json');
  expect([path, has]).toEqual([path, !WITHOUT_JSON.includes(path)]);
});

describe('with --json', () => {
  const json = async (dir: string, argv: readonly string[]): Promise<unknown> => {
    const { exitCode, stdout, stderr } = await runMain(dir, [...argv, '--json']);
    expect([argv, exitCode, stderr]).toEqual([argv, 0, '']);
    return JSON.parse(stdout) as unknown;
  };

  test('commands print one document and nothing else', async () => {
    const dir = await temporaryFolder();
    expect(await json(dir, ['pki', 'init', '--device', 'esp-007'])).toMatchObject({
      dir: '.secure-esp',
      made: expect.arrayContaining(['.secure-esp/ca/certs/ca.crt']) as string[],
      devices: ['esp-007'],
      schemes: { esp32: 'v1-ecdsa-p256' },
    });
    expect(await json(dir, ['pki', 'init', '--device', 'esp-007'])).toMatchObject({ made: [] });
    expect(await json(dir, ['broker', 'config', '--out', 'mosquitto'])).toMatchObject({
      kind: 'mosquitto',
      written: expect.arrayContaining(['mosquitto/mosquitto.conf']) as string[],
      advice: expect.any(Array) as string[],
    });
    await writeFile(join(dir, 'app.bin'), await buildImage({ chip: 'esp32', project: 'lamp', version: '1.4.0' }));
    await json(dir, ['image', 'sign', 'app.bin']);
    const released = { project: 'lamp', version: '1.4.0', chip: 'esp32', seq: 1 };
    const publish = ['ota', 'publish', 'app.signed.bin'];
    expect(await json(dir, publish)).toMatchObject({ released: true, release: released });
    expect(await json(dir, publish)).toMatchObject({ released: false, release: released });
    expect(await json(dir, ['ota', 'renew'])).toMatchObject({ renewed: [{ ...released, seq: 2 }] });
    expect(await json(dir, ['ota', 'renew', '--expiring', '1d'])).toEqual({ renewed: [] });
    expect(await json(dir, ['ota', 'list'])).toHaveLength(1);
  });

  test('codegen says which files it wrote, what changed, and what a new contract needs', async () => {
    const dir = await temporaryFolder();
    const topics = { path: 'out/topics.md', written: true };
    expect(await json(dir, ['codegen', 'docs', '--out', 'out'])).toMatchObject({ out: 'out', files: [topics, {}] });
    expect(await json(dir, ['codegen', 'docs', '--out', 'out'])).toMatchObject({
      files: [{ ...topics, written: false }, {}],
    });
    expect(await json(dir, ['codegen', 'init', 'lamp-protocol.ts'])).toEqual({
      file: 'lamp-protocol.ts',
      name: 'lamp',
      missingPackages: ['@secure-esp/protocol', 'zod'],
    });
    const contract = 'out/secure-esp-v1.contract.json';
    expect(await json(dir, ['codegen', 'check-compat', contract, contract])).toEqual({
      compatible: true,
      findings: [],
    });
  });

  test.each([
    [['pki', 'list'], 1, { code: 'ERR_PKI_NOT_FOUND', nextStep: expect.stringContaining('secure-esp init') as string }],
    [['device', 'list', '--url', 'nonsense'], 1, { code: 'ERR_PKI_NOT_FOUND' }],
    [['image', 'info', 'none.bin'], 1, { code: 'failed', message: expect.stringContaining('none.bin') as string }],
    [['ota', 'serve', '--port', '65536'], 2, { code: 'usage', nextStep: 'Run with --help for what it takes.' }],
    [['codegen', 'c'], 2, { code: 'usage', message: expect.stringContaining("'--out <dir>'") as string }],
  ])('the error of %j is one document on standard error, with exit code %d', async (argv, code, error) => {
    const { exitCode, stdout, stderr } = await runMain(await temporaryFolder(), [...argv, '--json']);
    expect([exitCode, stdout]).toEqual([code, '']);
    expect(JSON.parse(stderr)).toEqual({ error: expect.objectContaining(error) as object });
    expect(stderr.trimEnd()).not.toContain('\n');
  });
});
