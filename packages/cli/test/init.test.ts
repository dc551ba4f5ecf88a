import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { main } from '../src/main.js';
import { loadProject } from '../src/project/load-project.js';
import { runMain, temporaryFolder } from './run-main.js';

const GIVEN = [
  'init',
  '--yes',
  '--project',
  'lamp',
  '--chip',
  'esp32c6',
  '--host',
  'hub.example',
  '--host',
  '10.0.0.7',
];
const CONFIG = 'secure-esp.config.ts';

const configOf = async (cwd: string) =>
  (
    await loadProject({
      cwd,
      env: {},
      stdout: process.stdout,
      stderr: process.stderr,
      signal: new AbortController().signal,
    })
  ).config;

describe('init', () => {
  test('with flags writes a project file that commands read, a .gitignore entry and the certificates', async () => {
    const dir = await temporaryFolder();
    const { exitCode, stdout, stderr } = await runMain(dir, GIVEN);
    expect([exitCode, stderr]).toEqual([0, '']);
    expect(stdout).toContain(`wrote ${CONFIG}\n`);
    expect(stdout).toContain('npx secure-esp broker run');
    expect(await configOf(dir)).toEqual({
      dir: join(dir, '.secure-esp'),
      project: 'lamp',
      chip: 'esp32c6',
      broker: { host: '0.0.0.0', url: 'mqtts://hub.example:8883', deviceUrl: 'mqtts://hub.example:8884' },
      ota: { host: '0.0.0.0', url: 'https://hub.example:8070' },
    });
    expect(await readFile(join(dir, '.gitignore'), 'utf8')).toMatch(/^\.secure-esp\/$/m);
    await mkdir(join(dir, 'src'));
    const list = await runMain(join(dir, 'src'), ['pki', 'list', '--role', 'broker', '--json']);
    expect(JSON.parse(list.stdout)).toMatchObject([{ name: 'broker', state: 'good' }]);
    const keys = await runMain(dir, ['pki', 'keys', '--json']);
    expect(keys.stdout).toContain('v2-ecdsa-p256');
  });

  test('--yes alone takes the name of the folder, the esp32 and localhost', async () => {
    const dir = await temporaryFolder();
    expect((await runMain(dir, ['init', '--yes'])).exitCode).toBe(0);
    const { project, chip, broker, ota } = await configOf(dir);
    expect(project).toBe(basename(dir).toLowerCase().slice(0, 31));
    expect([chip, broker?.url, broker?.host, ota?.url]).toEqual([
      'esp32',
      'mqtts://localhost:8883',
      undefined,
      'https://localhost:8070',
    ]);
  });

  test('a second run changes nothing; --force writes the file anew and keeps certificates and keys', async () => {
    const dir = await temporaryFolder();
    await runMain(dir, GIVEN);
    const state = async (): Promise<unknown> => {
      const names = (await readdir(dir, { recursive: true })).sort();
      return Promise.all(names.map(async (name) => [name, (await stat(join(dir, name))).mtimeMs]));
    };
    const before = await state();
    const second = await runMain(dir, ['init', '--yes', '--project', 'other']);
    expect([second.exitCode, second.stdout]).toEqual([0, expect.stringContaining('nothing was changed')]);
    expect(await state()).toEqual(before);
    expect(JSON.parse((await runMain(dir, ['init', '--json'])).stdout)).toEqual({ changed: false, file: CONFIG });
    const key = await readFile(join(dir, '.secure-esp/ca/keys/ca.key'), 'utf8');
    const ignored = await readFile(join(dir, '.gitignore'), 'utf8');
    expect((await runMain(dir, [...GIVEN, '--project', 'other', '--force'])).exitCode).toBe(0);
    expect((await configOf(dir)).project).toBe('other');
    expect(await readFile(join(dir, '.secure-esp/ca/keys/ca.key'), 'utf8')).toBe(key);
    expect(await readFile(join(dir, '.gitignore'), 'utf8')).toBe(ignored);
  });

  test('--no-pki makes no certificates, --json says what was made', async () => {
    const dir = await temporaryFolder();
    await writeFile(join(dir, '.gitignore'), 'dist\n/.secure-esp');
    const { stdout } = await runMain(dir, [...GIVEN, '--no-pki', '--json']);
    expect(JSON.parse(stdout)).toEqual({
      changed: true,
      file: CONFIG,
      made: [CONFIG],
      project: 'lamp',
      chip: 'esp32c6',
      hosts: ['hub.example', '10.0.0.7'],
    });
    expect((await readdir(dir)).sort()).toEqual(['.gitignore', CONFIG].sort());
    expect(await readFile(join(dir, '.gitignore'), 'utf8')).toBe('dist\n/.secure-esp');
  });

  test.each([
    [['init'], 'no terminal'],
    [['init', '--project', 'lamp'], 'no terminal'],
    [[...GIVEN, '--host', 'https://hub.example'], '"https://hub.example" is no host name'],
    [[...GIVEN, '--project', 'x'.repeat(32)], '1 to 31 bytes'],
    [[...GIVEN, '--chip', 'esp8266'], 'esp8266'],
  ])('%j writes nothing, with exit code 2 and the reason', async (argv, reason) => {
    const dir = await temporaryFolder();
    const { exitCode, stderr } = await runMain(dir, argv);
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining(reason)]);
    if (reason === 'no terminal') expect(stderr).toContain('--yes --project NAME --chip CHIP --host NAME');
    expect(await readdir(dir)).toEqual([]);
  });

  test('stopped while certificates are made it has written no project file, and the next run ends the work', async () => {
    const dir = await temporaryFolder();
    const stop = new AbortController();
    const running = runMain(dir, GIVEN, stop.signal);
    await expect.poll(() => readdir(join(dir, '.secure-esp')).catch(() => []), { timeout: 20_000 }).not.toEqual([]);
    stop.abort(new Error('stopped'));
    const { exitCode } = await running;
    // it may have been done already
    expect((await readdir(dir)).includes(CONFIG)).toBe(exitCode === 0);
    expect((await runMain(dir, GIVEN)).exitCode).toBe(0);
    expect(JSON.parse((await runMain(dir, ['pki', 'list', '--json'])).stdout)).not.toEqual([]);
  });
});

/** Somebody at a terminal who presses these keys, each when the screen shows a new question. */
async function atTerminal(
  cwd: string,
  argv: readonly string[],
  keys: readonly [question: RegExp, key: string][],
): Promise<{ exitCode: number; screen: string }> {
  const stdin = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => stdin });
  const pending = [...keys];
  const state = { screen: '', seen: 0 };
  const screen = new Writable({
    decodeStrings: false,
    write(chunk: string | Buffer, _encoding, done) {
      state.screen += chunk.toString();
      const [next] = pending;
      if (next?.[0].test(state.screen.slice(state.seen)) === true) {
        pending.shift();
        state.seen = state.screen.length;
        setImmediate(() => stdin.write(next[1]));
      }
      done();
    },
  });
  const stdout = Object.assign(screen, { isTTY: true, columns: 100, rows: 40 });
  const signal = AbortSignal.timeout(60_000);
  const exitCode = await main(argv, { cwd, stdin, stdout, stderr: stdout, env: { NO_COLOR: '1' }, signal });
  return { exitCode, screen: state.screen };
}

describe('init at a terminal', () => {
  test('asks three questions', async () => {
    const dir = await temporaryFolder();
    const { exitCode, screen } = await atTerminal(
      dir,
      ['init'],
      [
        [/Name of the project/, '\r'],
        [/Chip of the devices/, '\r'],
        [/Where will devices reach/, '\r'],
      ],
    );
    expect([exitCode, screen.match(/◇/g)?.length ?? 0]).toEqual([0, expect.any(Number)]);
    expect((await configOf(dir)).broker?.url).toBe('mqtts://localhost:8883');
    expect(await readdir(dir)).toContain('.secure-esp');
  });

  test('asks only for what is not given', async () => {
    const dir = await temporaryFolder();
    const argv = ['init', '--no-pki', '--project', 'lamp', '--host', 'hub.example'];
    const { exitCode, screen } = await atTerminal(dir, argv, [[/Chip of the devices/, '\r']]);
    expect(exitCode).toBe(0);
    expect(screen).not.toMatch(/Name of the project|Where will/);
    expect(await configOf(dir)).toMatchObject({ project: 'lamp', chip: 'esp32' });
  });

  test.each([
    ['first', [[/Name of the project/, '\u0003']]],
    [
      'last',
      [
        [/Name of the project/, '\r'],
        [/Chip of the devices/, '\r'],
        [/Where will devices reach/, '\u0003'],
      ],
    ],
  ] as [string, [RegExp, string][]][])('Ctrl-C at the %s question leaves nothing', async (_which, keys) => {
    const dir = await temporaryFolder();
    const { exitCode, screen } = await atTerminal(dir, ['init'], keys);
    expect(exitCode).toBe(130);
    expect(screen).toContain('nothing was written');
    expect(await readdir(dir)).toEqual([]);
  });
});
