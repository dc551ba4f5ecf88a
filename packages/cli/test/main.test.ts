import { spawnSync } from 'node:child_process';
import { buildImage } from '@secure-esp/firmware-image';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { firstFreePort } from '../src/demo/free-port.js';
import { makeWorkFolder } from '../src/demo/work-folder.js';
import { CliError, presentError } from '../src/errors.js';
import { COMPLETE_COMMAND } from '../src/program/add-completion.js';
import { leafCommands } from '../src/program/tree.js';
import { PROJECT_VARIABLES } from '../src/project/project-environment.js';
import { programForTests } from './command-tree.js';
import { runMain, temporaryFolder } from './run-main.js';

describe('the command line', () => {
  test('--help lists every command and --version prints the package’s', async () => {
    const help = await runMain('.', ['--help']);
    expect(help.exitCode).toBe(0);
    for (const command of ['demo', 'pki', 'image', 'broker', 'ota', 'sim', 'device', 'codegen'])
      expect(help.stdout).toContain(command);
    const { version } = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8')) as {
      version: string;
    };
    expect((await runMain('.', ['--version'])).stdout).toBe(`${version}\n`);
  });

  test.each([
    [['nonsense']],
    [['demo', '--devices', '51']],
    [['demo', '--broker', 'other']],
    [['ota', 'serve', '--port', '65536']],
    [['codegen', 'c']],
    [['image', 'sign']],
    [['device', 'send', 'esp-001', 'no/such']],
    [['device', 'send', 'esp-001', 'update/interval', '299']],
    [['device', 'send', 'esp-001', 'restart', 'now']],
  ])('%j is wrong usage: exit code 2, no stack trace, nothing on standard output', async (argv) => {
    const { exitCode, stdout, stderr } = await runMain(await temporaryFolder(), argv);
    expect([exitCode, stdout]).toEqual([2, '']);
    expect(stderr).not.toBe('');
    expect(stderr).not.toMatch(/\n\s+at /);
  });

  test('the README documents every command', async () => {
    const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');
    const documented = [...readme.matchAll(/^\| `secure-esp ([a-z]+(?: [a-z-]+)?)/gm)].map(([, name]) => name);
    const commands = [...leafCommands(programForTests())].map(([path]) => path);
    expect([...new Set(documented)].sort()).toEqual(commands.filter((path) => path !== COMPLETE_COMMAND).sort());
  });

  test('the README documents every field and variable of the project file', async () => {
    const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');
    const rows = [...readme.matchAll(/^\| `([A-Za-z.]+)` +\| `(SECURE_ESP_[A-Z_]+)`/gm)].map(([, field, name]) => [
      name,
      field,
    ]);
    const variables = Object.entries(PROJECT_VARIABLES).map(([name, { path }]) => [name, path.join('.')]);
    expect(rows).toEqual(variables);
  });
});

describe('certificates and images on the command line', () => {
  test('pki init, image info, sign and verify: what is signed is accepted, what is changed is refused with its reason', async () => {
    const dir = await temporaryFolder();
    const made = await runMain(dir, ['pki', 'init', '--device', 'esp-007', '--chip', 'esp32', '--chip', 'esp32c6']);
    expect(made.stdout).toContain('made .secure-esp/ca/certs/ca.crt');
    expect(made.stdout).toContain('devices: esp-007');
    const again = await runMain(dir, ['pki', 'init', '--device', 'esp-007']);
    expect(again.stdout).toContain('nothing was changed');

    await writeFile(join(dir, 'app.bin'), await buildImage({ chip: 'esp32c6', project: 'lamp', version: '1.4.0' }));
    const info = await runMain(dir, ['image', 'info', 'app.bin']);
    expect(info.stdout).toMatch(/chip +esp32c6/);
    expect(info.stdout).toMatch(/version +1\.4\.0/);
    expect(JSON.parse((await runMain(dir, ['image', 'info', 'app.bin', '--json'])).stdout)).toMatchObject({
      project: 'lamp',
    });

    expect(await runMain(dir, ['image', 'verify', 'app.bin'])).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('unsigned') as string,
    });
    expect((await runMain(dir, ['image', 'sign', 'app.bin'])).stdout).toContain('signed app.signed.bin: v2-ecdsa-p256');
    expect((await runMain(dir, ['image', 'verify', 'app.signed.bin'])).exitCode).toBe(0);

    const bytes = await readFile(join(dir, 'app.signed.bin'));
    bytes[100] = (bytes[100] ?? 0) ^ 1;
    await writeFile(join(dir, 'changed.bin'), bytes);
    const changed = await runMain(dir, ['image', 'verify', 'changed.bin']);
    expect([changed.exitCode, changed.stderr]).toEqual([1, expect.stringMatching(/bad_checksum/)]);
  });

  test('a damaged firmware key is named, not taken for one that the tree does not have', async () => {
    const dir = await temporaryFolder();
    await runMain(dir, ['pki', 'init']);
    await writeFile(join(dir, 'app.bin'), await buildImage({ chip: 'esp32', project: 'lamp', version: '1.4.0' }));
    expect((await runMain(dir, ['image', 'sign', 'app.bin'])).exitCode).toBe(0);
    await writeFile(join(dir, '.secure-esp/secure_boot_signing_key.pem'), 'damaged');
    const { exitCode, stderr } = await runMain(dir, ['image', 'verify', 'app.signed.bin']);
    expect([exitCode, stderr]).toEqual([1, expect.stringMatching(/secure_boot_signing_key\.pem.*ERR_PKI_PEM/)]);
  });

  test('image sign makes no firmware key: it says which one is missing', async () => {
    const dir = await temporaryFolder();
    await runMain(dir, ['pki', 'init', '--chip', 'esp32']);
    await writeFile(join(dir, 'app.bin'), await buildImage({ chip: 'esp32c6', project: 'lamp', version: '1.4.0' }));
    const { exitCode, stderr } = await runMain(dir, ['image', 'sign', 'app.bin']);
    expect([exitCode, stderr]).toEqual([1, expect.stringMatching(/no v2-ecdsa-p256 firmware key[^]*--chip/)]);
  });

  test('a folder without certificates names the command that makes them', async () => {
    const { exitCode, stderr } = await runMain(await temporaryFolder(), ['device', 'watch']);
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining('secure-esp pki init')]);
  });

  test('a broker that is not there is one sentence and a next step', async () => {
    const dir = await temporaryFolder();
    await runMain(dir, ['pki', 'init']);
    const port = await firstFreePort('127.0.0.1', 20_000);
    const { exitCode, stderr } = await runMain(dir, [
      'device',
      'send',
      'esp-001',
      'restart',
      '--url',
      `mqtts://127.0.0.1:${port}`,
    ]);
    expect(exitCode).toBe(1);
    expect(stderr.trim().split('\n')).toHaveLength(2);
    expect(stderr).toContain('(unreachable)');
  });
});

describe('presentError', () => {
  test('shows one sentence and a next step, and the stack only with verbose', () => {
    const error = new CliError('it broke.', 'Mend it.', 3);
    expect(presentError(error, false)).toEqual({ text: 'secure-esp: it broke.\nMend it.', exitCode: 3 });
    expect(presentError(error, true).text).toMatch(/\n\s+at /);
  });
});

test('firstFreePort skips ports that are taken or named', async () => {
  const blocker = createServer();
  await new Promise<void>((resolve) => blocker.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    blocker.close();
  });
  const { port } = blocker.address() as { port: number };
  const free = await firstFreePort('127.0.0.1', port, [port + 1]);
  expect(free).toBeGreaterThan(port + 1);
});

test('makeWorkFolder removes the folders of demos that were killed, and only those', async () => {
  const dir = await temporaryFolder();
  const { pid: ended } = spawnSync(process.execPath, ['--version']);
  await mkdir(join(dir, `demo-${ended}`));
  await mkdir(join(dir, `demo-${process.ppid}`));
  await mkdir(join(dir, 'devices'));
  expect(await makeWorkFolder(dir)).toBe(join(dir, `demo-${process.pid}`));
  expect((await readdir(dir)).sort()).toEqual([`demo-${process.pid}`, `demo-${process.ppid}`, 'devices'].sort());
});
