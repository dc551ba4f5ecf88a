import { spawnSync } from 'node:child_process';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { buildImage } from '@secure-esp/firmware-image';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { main } from '../src/index.js';
import { runMain, temporaryFolder } from './run-main.js';

type Line = Readonly<Record<string, unknown>> & { readonly type: string };

/** The members of one type of line, as README.md has them. */
interface Documented {
  readonly always: readonly string[];
  readonly sometimes: readonly string[];
}

/** Names in code style; what is in brackets tells of them. */
const namesIn = (cell = ''): readonly string[] =>
  [...cell.replaceAll(/\([^)]*\)/g, '').matchAll(/`([a-z]\w*)`/gi)].map(([, name]) => name ?? '');

/** The table of README.md, by command and type; a row without a command is of the one above. */
async function readTable(): Promise<ReadonlyMap<string, Documented>> {
  const readme = await readFile(join(import.meta.dirname, '../README.md'), 'utf8');
  const [, section = ''] = readme.split('### Members\n');
  const table = new Map<string, Documented>();
  let command = '';
  for (const row of section.split('\n').filter((line) => /^\| (`| {2})/.test(line))) {
    const [, name = '', type = '', always, sometimes] = row.split('|');
    command = /`(.+)`/.exec(name)?.[1] ?? command;
    table.set(`${command} ${namesIn(type)[0] ?? ''}`, { always: namesIn(always), sometimes: namesIn(sometimes) });
  }
  return table;
}

/** A command that runs until the test ends it. */
interface Running {
  stdout(): string;
  lines(): readonly Line[];
  stderr(): string;
  /** The first line of that type, which comes in time. */
  line(type: string): Promise<Line>;
  /** What Ctrl-C does in this process; resolves with the exit code. */
  stop(): Promise<number>;
}

function start(cwd: string, argv: readonly string[]): Running {
  const [out, err]: [string[], string[]] = [[], []];
  const into = (texts: string[]): Writable =>
    new Writable({
      decodeStrings: false,
      write(text: string, _encoding, done) {
        texts.push(text);
        done();
      },
    });
  const ctrlC = new AbortController();
  const ended = main([...argv, '--json'], { cwd, stdout: into(out), stderr: into(err), signal: ctrlC.signal });
  const lines = (): readonly Line[] =>
    out
      .join('')
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Line);
  const stop = (): Promise<number> => {
    ctrlC.abort();
    return ended;
  };
  onTestFinished(async () => {
    await stop();
  });
  return {
    lines,
    stop,
    stdout: () => out.join(''),
    stderr: () => err.join(''),
    async line(type) {
      const found = (): Line | undefined => lines().find((line) => line.type === type);
      await expect.poll(found, { timeout: 30_000, interval: 20, message: `${type}: ${err.join('')}` }).toBeDefined();
      return found() ?? { type };
    },
  };
}

describe('every line of --json has the members that README.md says', { timeout: 120_000 }, () => {
  let table: ReadonlyMap<string, Documented>;
  beforeAll(async () => {
    table = await readTable();
  });

  /** Of all lines, and that the types which must have been seen are there. */
  function expectDocumented(command: string, lines: readonly Line[], types: readonly string[]): void {
    expect(types.filter((type) => !lines.some((line) => line.type === type))).toEqual([]);
    for (const { type, ...members } of lines) {
      const { always, sometimes } = table.get(`${command} ${type}`) ?? { always: [`a row of ${type}`], sometimes: [] };
      const names = Object.keys(members);
      expect([type, names]).toEqual([type, expect.arrayContaining([...always])]);
      expect([type, names.filter((name) => ![...always, ...sometimes].includes(name))]).toEqual([type, []]);
    }
  }
  const typesOf = (command: string): readonly string[] =>
    [...table.keys()].filter((key) => key.startsWith(`${command} `)).map((key) => key.slice(command.length + 1));

  /** Certificates, a key, and a signed image 1.0.0 of the project `lamp`. */
  async function made(): Promise<string> {
    const dir = await temporaryFolder();
    await runMain(dir, ['pki', 'init', '--device', 'esp-001']);
    await writeFile(join(dir, 'app.bin'), await buildImage({ chip: 'esp32', project: 'lamp', version: '1.0.0' }));
    const { exitCode, stderr } = await runMain(dir, ['image', 'sign', 'app.bin']);
    expect([exitCode, stderr]).toEqual([0, '']);
    return dir;
  }

  test('est serve', async () => {
    const dir = await made();
    const server = start(dir, ['est', 'serve', '--port', '0', '--grace-port', '0']);
    const listening = await server.line('listening');
    expect(listening).toMatchObject({ graceUrl: expect.stringMatching(/^https:\/\/127\.0\.0\.1:\d+$/) as string });
    const url = String(listening['url']);
    const enroll = (id: string): Promise<{ exitCode: number }> =>
      runMain(dir, [
        ...['est', 'enroll', id, '--url', url, '--ca', '.secure-esp/ca/certs/ca.crt', '--out', id],
        ...['--claim-file', 'claims'],
      ]);
    await runMain(dir, ['pki', 'claim', 'a', '--out', 'claims']);
    expect(await enroll('a')).toMatchObject({ exitCode: 0 });
    expect(await runMain(dir, ['est', 'renew', '--dir', 'a', '--url', url, '--at', '0'])).toMatchObject({
      exitCode: 0,
    });
    await rm(join(dir, 'a/client.crt'));
    await writeFile(join(dir, 'claims'), 'A'.repeat(43));
    expect(await enroll('a')).toMatchObject({ exitCode: 1 });

    connect(Number(new URL(url).port), '127.0.0.1').end('no TLS at all\r\n\r\n');
    await server.line('handshake_failed');

    await runMain(dir, ['pki', 'renew', 'ota']);
    await server.line('certificates_loaded');
    await rm(join(dir, '.secure-esp/device-ca/keys/device-ca.key'));
    await runMain(dir, ['pki', 'claim', 'b', '--out', 'claims-b']);
    await runMain(dir, [
      ...['est', 'enroll', 'b', '--url', url, '--ca', '.secure-esp/ca/certs/ca.crt', '--out', 'b'],
      ...['--claim-file', 'claims-b'],
    ]);
    expect(await server.line('failed')).toMatchObject({ error: expect.any(String) as string });
    await writeFile(join(dir, '.secure-esp/ca/certs/update_cert.pem'), 'no certificate');
    await server.line('certificates_failed');

    expect([await server.stop(), server.stderr()]).toEqual([0, '']);
    expectDocumented('est serve', server.lines(), typesOf('est serve'));
    expect(server.lines()).toContainEqual(expect.objectContaining({ type: 'refused', deviceId: 'a' }));
  });

  test('sim', async () => {
    const dir = await made();
    const broker = start(dir, ['broker', 'run', '--operator-port', '0', '--device-port', '0']);
    const url = `mqtts://localhost:${String((await broker.line('listening'))['devicePort'])}`;
    const update = ['--ota', 'https://localhost:1/lamp.bin', '--no-checks'];
    const sim = start(dir, ['sim', 'esp-001', '--firmware', 'app.signed.bin', '--url', url, ...update]);
    expect(await sim.line('running')).toEqual({ type: 'running', devices: ['esp-001'] });
    expect(await sim.line('log')).toMatchObject({ device: 'esp-001' });
    expect([await sim.stop(), sim.stderr()]).toEqual([0, '']);
    expectDocumented('sim', sim.lines(), typesOf('sim'));
  });

  test('demo --once', async () => {
    const dir = await temporaryFolder();
    const { exitCode, stdout, stderr } = await runMain(dir, ['demo', '--once', '--devices', '2', '--json']);
    expect([exitCode, stderr]).toEqual([0, '']);
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Line);
    expectDocumented('demo', lines, typesOf('demo'));
    expect(lines.filter(({ type }) => type === 'updated')).toEqual([
      { type: 'updated', device: 'esp-001', updated: true, run: 1, from: '1.0.0', to: '1.1.0' },
      { type: 'updated', device: 'esp-002', updated: true, run: 1, from: '1.0.0', to: '1.1.0' },
    ]);
    expect(lines.at(-1)).toEqual({
      type: 'running',
      broker: {
        kind: 'embedded',
        operatorPort: expect.any(Number) as number,
        devicePort: expect.any(Number) as number,
      },
      ota: { url: expect.stringMatching(/^https:\/\/localhost:\d+\/secure_esp\.bin$/) as string },
      devices: ['esp-001', 'esp-002'],
      version: '1.1.0',
      dir: '.secure-esp',
    });
  });
});

/** Names in code style of the paragraph of README.md that begins so, those in brackets, too. */
async function namesOf(begin: string): Promise<readonly string[]> {
  const readme = await readFile(join(import.meta.dirname, '../README.md'), 'utf8');
  const paragraph = readme.split('\n\n').find((each) => each.startsWith(begin)) ?? '';
  return [...paragraph.slice(begin.length).matchAll(/`([a-z]\w*)`/gi)].map(([, name]) => name ?? '').toSorted();
}

/** Names of all members, those of objects within, too; keys of records are data. */
const memberNames = (value: object, records: readonly string[]): readonly string[] =>
  Object.entries(value)
    .flatMap(([name, member]) =>
      typeof member !== 'object' || member === null || Array.isArray(member) || records.includes(name)
        ? [name]
        : [name, ...memberNames(member as object, records)],
    )
    .toSorted();

test('sim --count prints the figures that README.md names', { timeout: 120_000 }, async () => {
  const dir = await temporaryFolder();
  await runMain(dir, ['pki', 'init', '--device', 'esp-001', '--device', 'esp-002']);
  await writeFile(join(dir, 'app.bin'), await buildImage({ chip: 'esp32', project: 'lamp', version: '1.0.0' }));
  await runMain(dir, ['image', 'sign', 'app.bin']);
  const broker = start(dir, ['broker', 'run', '--operator-port', '0', '--device-port', '0']);
  const url = `mqtts://localhost:${String((await broker.line('listening'))['devicePort'])}`;
  const fleet = ['sim', '--count', '2', '--firmware', 'app.signed.bin', '--url', url, '--no-checks'];
  const sim = start(dir, fleet);
  await expect.poll(() => sim.stderr(), { timeout: 30_000 }).toContain('2 virtual devices are online');
  await sim.stop();
  const figures = JSON.parse(sim.stdout()) as object;
  expect(figures).toMatchObject({ devices: 2, confirmed: 0, failedRuns: 0, failedReasons: {}, dead: 0, update: null });
  const named = await namesOf('`sim --count` prints one document with');
  expect([...memberNames(figures, ['failedReasons']), 'null'].toSorted()).toEqual(named);
});

const noFramaC = spawnSync('frama-c', ['-version']).status !== 0;
test.skipIf(noFramaC)(
  `codegen prove prints what README.md names${noFramaC ? ' (without Frama-C)' : ''}`,
  { timeout: 300_000 },
  async () => {
    const dir = await temporaryFolder();
    await runMain(dir, ['codegen', 'c', '--out', '.']);
    const prove = ['codegen', 'prove', '--from', '.', '--function', 'json_space', '--goal-timeout', '5', '--json'];
    const { exitCode, stdout, stderr } = await runMain(dir, prove);
    expect([exitCode, stderr]).toEqual([0, '']);
    const proof = JSON.parse(stdout) as { readonly goals: number };
    expect(proof).toMatchObject({ contract: 'secure-esp version 1', proved: proof.goals, unproved: [] });
    expect(proof).toMatchObject({ functions: { json_space: proof.goals } });
    expect(memberNames(proof, ['files', 'functions'])).toEqual(
      await namesOf('`codegen prove` prints what it writes with `--ledger`:'),
    );
  },
);
