import { initPki } from '@secure-esp/pki';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { presentError } from '../src/errors.js';
import { bundleProgram, startProgram } from './ota/real-program.js';
import { runMain, temporaryFolder } from './run-main.js';

/** Trees take a second or more to make: one for all that do not change it. */
let home = '';
let removeHome = (): Promise<void> => Promise.resolve();
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'secure-esp-mistakes-'));
  removeHome = () => rm(home, { recursive: true, force: true });
  await initPki({ dir: join(home, '.secure-esp') });
});
afterAll(() => removeHome());

/** Runs a command that must fail, in one sentence and a next step. */
async function mistake(cwd: string, argv: readonly string[]): Promise<{ sentence: string; nextStep: string }> {
  const { exitCode, stderr } = await runMain(cwd, argv);
  const [sentence = '', nextStep = '', ...more] = stderr.trimEnd().split('\n');
  expect([exitCode, more]).toEqual([1, []]);
  expect(sentence).toMatch(/^secure-esp: .*[.)]$/);
  expect(nextStep).toMatch(/[.)]$/);
  return { sentence, nextStep };
}

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

describe('a folder without certificates', () => {
  const commands = [
    ['device', 'list'],
    ['broker', 'run'],
    ['ota', 'serve', '--workers', '1'],
    ['est', 'serve'],
    ['pki', 'list'],
  ];

  test.each(commands)('%s %s: the command that makes them', async (...argv) => {
    const { sentence, nextStep } = await mistake(await temporaryFolder(), argv);
    expect(sentence).toMatch(/ca\.crt is missing/);
    expect(nextStep).toContain('`secure-esp init`');
  });

  test.each(commands)('%s %s: where they are, if that is a folder above', async (...argv) => {
    const below = join(home, 'a/b');
    await mkdir(below, { recursive: true });
    const { nextStep } = await mistake(below, argv);
    expect(nextStep).toContain('`--dir ../../.secure-esp`');
  });
});

describe('a certificate that is over', () => {
  test.each([
    [['device', 'list'], 'operator'],
    [['broker', 'run', '--operator-port', '0', '--device-port', '0'], 'broker'],
    [['ota', 'serve', '--workers', '1', '--port', '0'], 'ota'],
    [['est', 'serve', '--port', '0'], 'ota'],
  ])('%j says whose, and the command that renews it', async (argv, name) => {
    const dir = await temporaryFolder();
    const longAgo = new Date(Date.now() - 1000 * 86_400_000);
    await initPki({ dir: join(dir, '.secure-esp'), now: () => longAgo });
    const { sentence, nextStep } = await mistake(dir, argv);
    expect(sentence).toMatch(new RegExp(`the certificate of "${name}" ended on \\d{4}-\\d\\d-\\d\\d\\.`));
    expect(nextStep).toContain(`secure-esp pki renew ${name}`);
    expect((await runMain(dir, ['pki', 'renew', name])).exitCode).toBe(0);
  });
});

describe('a port that is taken', () => {
  test.each([
    ['broker', 'run', '--operator-port'],
    ['ota', 'serve', '--port'],
    ['est', 'serve', '--port'],
  ])('%s %s %s', async (noun, verb, option) => {
    const port = await listening(createServer());
    const { sentence, nextStep } = await mistake(home, [noun, verb, option, String(port)]);
    expect(sentence).toMatch(new RegExp(`${port}.* is taken`));
    expect(nextStep).toMatch(/^Choose another/);
  });
});

describe('a wrong broker', () => {
  const list = (port: number, cwd = home): ReturnType<typeof mistake> =>
    mistake(cwd, ['device', 'list', '--url', `mqtts://127.0.0.1:${port}`]);

  test('nothing listens there', async () => {
    const server = createServer();
    const port = await listening(server);
    server.close();
    await once(server, 'close');
    const { sentence, nextStep } = await list(port);
    expect(sentence).toContain('is not reachable (ECONNREFUSED)');
    expect(nextStep).toContain('secure-esp broker run');
  });

  test('a name that is not known', async () => {
    const { sentence } = await mistake(home, ['device', 'list', '--url', 'mqtts://broker.invalid:8883']);
    expect(sentence).toMatch(/broker\.invalid:8883: the broker is not reachable \((?:ENOTFOUND|EAI_AGAIN)\)/);
  });

  test('a server without TLS, such as a plain MQTT port, or HTTP', async () => {
    const http = createHttpServer((_request, response) => response.end());
    const { sentence, nextStep } = await list(await listening(http));
    expect(sentence).toMatch(/TLS handshake failed|ended the connection/);
    expect(nextStep).toMatch(/`--url` names/);
  });

  test('one of another tree, and an update server', async () => {
    const other = await temporaryFolder();
    await initPki({ dir: join(other, '.secure-esp') });
    const { bin, remove } = await bundleProgram();
    onTestFinished(remove);
    const broker = startProgram(bin, home, ['broker', 'run', '--operator-port', '0', '--device-port', '0', '--json']);
    const first = async (): Promise<{ operatorPort: number }> => {
      await expect.poll(() => broker.stdout(), { timeout: 30_000 }).toContain('\n');
      return JSON.parse(broker.stdout().split('\n')[0] ?? '') as { operatorPort: number };
    };
    const { operatorPort } = await first();
    expect((await runMain(home, ['device', 'list', '--url', `mqtts://127.0.0.1:${operatorPort}`])).exitCode).toBe(0);
    const { sentence, nextStep } = await list(operatorPort, other);
    expect(sentence).toMatch(/TLS handshake failed/);
    expect(nextStep).toContain('`--dir` holds the certificates of this broker');

    const ota = startProgram(bin, home, ['ota', 'serve', '--port', '0', '--workers', '1', '--json']);
    await expect.poll(() => ota.stdout(), { timeout: 30_000 }).toContain('listening');
    const [line = ''] = ota.stdout().split('\n');
    const { url } = JSON.parse(line) as { url: string };
    expect(ota.stderr()).toBe('');
    const wrong = await mistake(home, ['device', 'list', '--url', url.replace('https', 'mqtts')]);
    expect(wrong.sentence).toMatch(/refused|tls|unreachable/);
  });
});

describe('wrong usage', () => {
  test.each([
    [['brokr'], 'Did you mean broker?'],
    [['pki', 'lst'], 'Did you mean list?'],
    [['pki', 'list', '--jsn'], 'Did you mean --json?'],
    [['image', 'build', '--chip', 'esp8266'], 'Allowed choices are'],
    [['ota', 'serve', 'extra'], 'too many arguments'],
  ])('%j: %s', async (argv, words) => {
    const { exitCode, stdout, stderr } = await runMain('.', argv);
    expect([exitCode, stdout]).toEqual([2, '']);
    expect(stderr).toContain(words);
    expect(stderr).toContain('Run with --help for what it takes.');
  });

  test('a group of commands alone shows what there is, with exit code 2', async () => {
    const { exitCode, stderr } = await runMain('.', ['pki']);
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining('Commands:')]);
  });
});

describe('what the system refuses', () => {
  test.each([
    [['pki', 'init', '--dir', '/sys/none/tree']],
    [['pki', 'init', '--dir', 'file/tree']],
    [['codegen', 'c', '--out', 'file/out']],
    [['broker', 'config', '--out', '/sys/none']],
    [['image', 'build', '--project', 'p', '--image-version', '1', '-o', 'none/app.bin']],
    [['ota', 'publish', 'none.bin']],
    [['init', '--yes', '--force', '--config', 'x']],
  ])('%j: a sentence and a next step', async (argv) => {
    const dir = await temporaryFolder();
    await writeFile(join(dir, 'file'), '');
    await initPki({ dir: join(dir, '.secure-esp'), devices: [], chips: [] });
    // a folder where a file has to go
    await mkdir(join(dir, 'secure-esp.config.ts'));
    await mistake(dir, argv);
  });

  test('a full disk', async () => {
    const full = Object.assign(new Error('ENOSPC: no space left on device, write'), {
      code: 'ENOSPC',
      syscall: 'write',
    });
    const { text } = presentError(full, false);
    expect(text).toMatch(/^secure-esp: .* \(ENOSPC\)\nMake room on the disk/);
    const wrapped = Object.assign(new Error('cannot write x: no space'), { code: 'ERR_OTHER', cause: full });
    expect(presentError(wrapped, false).text).toContain('Make room on the disk');
    const { bin, remove } = await bundleProgram();
    onTestFinished(remove);
    // standard output is on the full disk
    const { status, stderr } = spawnSync('sh', ['-c', `"${process.execPath}" "${bin}" pki list > /dev/full`], {
      cwd: home,
      encoding: 'utf8',
    });
    expect([status, stderr]).toEqual([1, expect.stringMatching(/no space left on the disk.*\nMake room/)]);
  });

  test('--verbose shows the stack and the causes', async () => {
    const { stderr } = await runMain(await temporaryFolder(), ['pki', 'list', '--verbose']);
    expect(stderr).toMatch(/\n\s+at /);
  });
});
