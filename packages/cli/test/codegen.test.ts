import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { starterContract } from '../src/commands/starter-contract.js';
import { runMain, temporaryFolder } from './run-main.js';

/** One command per output, and a file of it. */
const outputs = [
  ['c', 'secure_esp_protocol.c'],
  ['fuzz', 'fuzz/secure_esp_status_fuzz.c'],
  ['json-schema', 'secure_esp_status.schema.json'],
  ['asyncapi', 'asyncapi.json'],
  ['vectors', 'vectors/topics.json'],
  ['docs', 'topics.md'],
  ['acl', 'devices.acl'],
] as const;

describe.each(outputs)('codegen %s', (output, file) => {
  test('writes, then leaves alone; --check finds what is missing or changed and says how to mend it', async () => {
    const dir = await temporaryFolder();
    const run = (...options: string[]) => runMain(dir, ['codegen', output, '--out', 'out', ...options]);
    const missing = await run('--check');
    expect([missing.exitCode, missing.stderr]).toEqual([
      1,
      expect.stringMatching(/out of date in out: .*Run `secure-esp/s),
    ]);
    expect(await run()).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining(`wrote ${join('out', file)}\n`) as string,
    });
    expect(await run()).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/^\d+ file\(s\) .*up to date\n$/) as string,
    });
    expect((await run('--check')).exitCode).toBe(0);
    const path = join(dir, 'out', file);
    const text = await readFile(path, 'utf8');
    await writeFile(path, `${text} `);
    const changed = await run('--check');
    expect([changed.exitCode, changed.stderr]).toEqual([1, expect.stringContaining(`out of date in out: ${file}.`)]);
    expect(await readFile(path, 'utf8')).toBe(`${text} `);
    expect((await run()).stdout).toBe(`wrote ${join('out', file)}\n`);
    expect(await readFile(path, 'utf8')).toBe(text);
  });

  test('--list prints the paths of all files and nothing else, whether they were written or not', async () => {
    const dir = await temporaryFolder();
    const run = () => runMain(dir, ['codegen', output, '--out', 'out', '--list']);
    const first = (await run()).stdout;
    const paths = first.trimEnd().split('\n');
    expect(paths).toContain(join('out', file));
    for (const path of paths) expect(await readFile(join(dir, path), 'utf8')).not.toBe('');
    expect((await run()).stdout).toBe(first);
  });
});

describe('codegen init', () => {
  test('writes a contract under the name of its file, and prints what comes next', async () => {
    const dir = await temporaryFolder();
    const { exitCode, stdout } = await runMain(dir, ['codegen', 'init', 'contracts/desk-lamp-protocol.ts']);
    expect(exitCode).toBe(0);
    expect(stdout).toContain('wrote contracts/desk-lamp-protocol.ts\n');
    expect(stdout).toContain('  npm install @secure-esp/protocol zod\n');
    expect(stdout).toContain('codegen c --protocol contracts/desk-lamp-protocol.ts --out firmware/generated\n');
    expect(stdout).toContain("import { protocol } from './desk-lamp-protocol.js';");
    const contract = await readFile(join(dir, 'contracts/desk-lamp-protocol.ts'), 'utf8');
    expect(contract).toBe(starterContract({ name: 'desk-lamp', extend: false }));
    expect(contract).toContain("name: 'desk-lamp'");
    expect(contract).toContain("root: '/desk-lamp'");
    expect((await runMain(dir, ['codegen', 'init'])).stdout).toContain('wrote my-protocol.ts\n');
  });

  test('never overwrites a file', async () => {
    const dir = await temporaryFolder();
    await writeFile(join(dir, 'lamp.ts'), '// mine\n');
    const { exitCode, stdout, stderr } = await runMain(dir, ['codegen', 'init', 'lamp.ts']);
    expect([exitCode, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/"lamp\.ts" exists[^]*codegen init FILE/);
    expect(await readFile(join(dir, 'lamp.ts'), 'utf8')).toBe('// mine\n');
  });

  test.each([
    [['--name', 'Lamp'], /name must be/],
    [['--name', "x', root: '/y"], /name must be/],
    [['--root', 'lamp'], /root: must be/],
    [['--root', "/a'"], /root: must be/],
    [['--extend', '--root', `/${'a'.repeat(65)}`], /root: must be/],
  ])('refuses %j, as defineProtocol does, before it writes', async (options, reason) => {
    const dir = await temporaryFolder();
    const { exitCode, stderr } = await runMain(dir, ['codegen', 'init', 'lamp.ts', ...options]);
    expect([exitCode, stderr]).toEqual([1, expect.stringMatching(reason)]);
    expect(stderr).toContain('--name');
    await expect(readFile(join(dir, 'lamp.ts'))).rejects.toThrow('ENOENT');
  });

  test('refuses a file that is no TypeScript', async () => {
    const { exitCode, stderr } = await runMain(await temporaryFolder(), ['codegen', 'init', 'lamp.json']);
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining('End the name in .ts.')]);
  });
});
