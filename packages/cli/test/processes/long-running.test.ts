import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { leafCommands } from '../../src/program/tree.js';
import { programForTests } from '../command-tree.js';
import type { Program } from '../ota/real-program.js';
import { FOR_SHELLS, SHORT_COMMANDS } from './short-commands.js';
import { ctrlC, errorOf, openWorkshop, printed, STACK, type Room } from './workshop.js';

let workshop: Awaited<ReturnType<typeof openWorkshop>>;
beforeAll(async () => {
  workshop = await openWorkshop();
}, 120_000);
afterAll(() => workshop.close());

const hasMosquitto = spawnSync('mosquitto', ['-h']).error === undefined;
const BROKER = ['broker', 'run', '--operator-port', '0', '--device-port', '0'];
const OTA = ['ota', 'serve', '--port', '0'];
const SIM = [
  'sim',
  'esp-001',
  '--firmware',
  'app-1.0.0.signed.bin',
  '--url',
  'mqtts://127.0.0.1:1',
  '--ota',
  'https://127.0.0.1:1/a.bin',
];

interface LongRunning {
  readonly command: string;
  readonly words: readonly string[];
  /** What it says once all of it runs, to a person and to a program. */
  readonly running: RegExp;
  readonly json: RegExp;
  readonly skip?: boolean;
}

const LONG_RUNNING: readonly LongRunning[] = [
  {
    command: 'broker run',
    words: BROKER.slice(2),
    running: /embedded broker on .*; Ctrl-C ends it/,
    json: /"type":"listening"/,
  },
  {
    command: 'broker run',
    words: [...BROKER.slice(2), '--kind', 'mosquitto'],
    running: /mosquitto broker on .*; Ctrl-C ends it/,
    json: /"type":"listening"/,
    skip: !hasMosquitto,
  },
  {
    command: 'ota serve',
    words: [...OTA.slice(2), '--workers', '1'],
    running: /https:\/\//,
    json: /"type":"listening"/,
  },
  {
    command: 'ota serve',
    words: [...OTA.slice(2), '--workers', '2', '--admin-port', '0'],
    running: /https:\/\//,
    json: /"type":"listening"/,
  },
  { command: 'est serve', words: ['--port', '0'], running: /https:\/\//, json: /"type":"listening"/ },
  {
    command: 'sim',
    words: SIM.slice(1),
    running: /1 virtual device\(s\) run; Ctrl-C switches them off/,
    json: /"type":"running"/,
  },
  { command: 'demo', words: ['--devices', '1'], running: /Ctrl-C/, json: /"type":"running"/ },
  {
    command: 'demo',
    words: ['--devices', '1', '--broker', 'mosquitto'],
    running: /Ctrl-C/,
    json: /"type":"running"/,
    skip: !hasMosquitto,
  },
];

/** Each line is an object with a type; a broken one was half-printed. */
function expectLines(running: Program): void {
  const lines = running.stdout().trimEnd().split('\n');
  for (const line of lines) expect(JSON.parse(line)).toMatchObject({ type: expect.any(String) as string });
}

describe.each(LONG_RUNNING)(
  'the process of secure-esp $command $words',
  { timeout: 120_000 },
  ({ command, words, running: says, json, skip }) => {
    const argv = [...command.split(' '), ...words];

    test.skipIf(skip)('runs until Ctrl-C, and leaves no process and no file behind', async () => {
      const room = await workshop.room();
      const running = room.start(argv);
      await printed(running, says);
      await ctrlC(running);
      await room.expectNothingLeft();
    });

    test.skipIf(skip)('prints one JSON object per line with --json', async () => {
      const room = await workshop.room();
      const running = room.start([...argv, '--json']);
      await expect.poll(() => running.stdout(), { timeout: 30_000, interval: 20 }).toMatch(json);
      await ctrlC(running);
      expectLines(running);
      expect(running.stderr()).toBe('');
      await room.expectNothingLeft();
    });

    test.skipIf(skip)('ends with Ctrl-C while it starts', async () => {
      const room = await workshop.room();
      const stopped = await room.run(argv, workshop.ctrlCAtStart);
      expect([stopped.exitCode, stopped.stderr]).toEqual([130, '']);
      await Promise.all(
        [20, 60, 120, 250].map(async (delayMs) => {
          const place = await workshop.room();
          const { exitCode, stderr } = await place.run(argv, await workshop.ctrlCAfter(delayMs));
          expect([delayMs, exitCode, stderr]).toEqual([delayMs, 130, expect.not.stringMatching(STACK)]);
          await place.expectNothingLeft();
        }),
      );
    });
  },
);

/** A sentence and a next step, as text and as a document. */
async function expectMistake(room: Room, argv: readonly string[], exitCode: number, stderr: RegExp): Promise<void> {
  const [text, json] = await Promise.all([room.run(argv), room.run([...argv, '--json'])]);
  expect([text.exitCode, text.stderr]).toEqual([exitCode, expect.stringMatching(stderr)]);
  expect(text.stderr).not.toMatch(STACK);
  expect([json.exitCode, json.stdout]).toEqual([exitCode, '']);
  expect(errorOf(json).nextStep).toMatch(/\S/);
  await room.expectNothingLeft();
}

describe('the mistakes of a long-running command', { timeout: 60_000 }, () => {
  test.each([
    [['broker', 'run', '--device-port', '65536'], 2, /integer in 0\.\.65535\.\n(?:.*\n)*Run with --help/],
    [['broker', 'run', '--host', '192.0.2.1'], 1, /192\.0\.2\.1.*\nChoose/],
    [['broker', 'run', '--dir', 'nowhere'], 1, /ca\.crt is missing.*\n.*--dir/],
    [['ota', 'serve', '--workers', '0'], 2, /integer in 1\.\.256\.\n(?:.*\n)*Run with --help/],
    [['ota', 'serve', '--host', '192.0.2.1', '--workers', '2'], 1, /192\.0\.2\.1.*\nChoose/],
    [['est', 'serve', '--host', '192.0.2.1'], 1, /192\.0\.2\.1.*\nChoose/],
    [['est', 'serve', '--grace-port', 'x'], 2, /integer in 0\.\.65535\.\n(?:.*\n)*Run with --help/],
    [['sim', '--firmware', 'none.bin'], 1, /"none\.bin" cannot be read.*\nCheck the path/],
    [['sim', 'esp-404', '--firmware', 'app-1.0.0.signed.bin'], 1, /esp-404.*\nMake its certificate/],
    [['sim', 'a', '--count', '2', '--firmware', 'app-1.0.0.signed.bin'], 2, /ids or --count.*\nRun with --help/],
  ])('%j: a sentence and a next step', async (argv, exitCode, stderr) => {
    await expectMistake(await workshop.room(), argv, exitCode, stderr);
  });

  test('demo: of an image that is none', async () => {
    const room = await workshop.room();
    const { exitCode, stderr } = await room.run(['demo', '--image', 'device.csr']);
    expect([exitCode, stderr]).toEqual([1, expect.stringMatching(/^secure-esp: .*\n.*\.\n$/)]);
    await room.expectNothingLeft();
  });
});

test('sim --count ends with Ctrl-C while its devices look for their broker', { timeout: 60_000 }, async () => {
  const room = await workshop.room();
  const running = room.start([...SIM.filter((word) => word !== 'esp-001'), '--count', '20', '--json']);
  await printed(running, /connected 0\/20/);
  await ctrlC(running);
  await room.expectNothingLeft();
});

test('demo --once ends with 0, and with --json each line is an object', { timeout: 60_000 }, async () => {
  const room = await workshop.emptyRoom();
  const text = await room.run(['demo', '--once', '--devices', '1']);
  expect([text.exitCode, text.stderr]).toEqual([0, '']);
  const json = room.start(['demo', '--once', '--devices', '1', '--json']);
  expect(await json.ended).toBe(0);
  expectLines(json);
  await room.expectNothingLeft();
});

test('est enroll and est renew get and renew a certificate; device forget forgets', { timeout: 60_000 }, async () => {
  const room = await workshop.room();
  const serving = room.start(['est', 'serve', '--port', '0', '--json']);
  await printed(serving, /"type":"listening"/);
  const { url } = JSON.parse(serving.stdout().split('\n')[0] ?? '') as { url: string };
  const common = ['--url', url];
  const enroll = [
    'est',
    'enroll',
    'esp-009',
    ...common,
    '--ca',
    '.secure-esp/ca/certs/ca.crt',
    '--claim-file',
    'claims.json',
    '--out',
    'own',
  ];
  expect(await room.run([...enroll, '--json'], workshop.ctrlCAtStart)).toEqual({
    exitCode: 130,
    stdout: '',
    stderr: '',
  });
  const enrolled = await room.run([...enroll, '--json']);
  expect([enrolled.exitCode, enrolled.stderr]).toEqual([0, '']);
  expect(JSON.parse(enrolled.stdout)).toMatchObject({ name: 'esp-009', changed: true });
  expect(await room.run(enroll)).toMatchObject({
    exitCode: 0,
    stdout: expect.stringContaining('nothing was changed') as string,
  });
  const renewed = await room.run(['est', 'renew', '--dir', 'own', ...common, '--at', '0']);
  expect(renewed).toEqual({
    exitCode: 0,
    stdout: expect.stringMatching(/^made own\/client\.crt, /) as string,
    stderr: '',
  });
  expect(JSON.parse((await room.run(['est', 'renew', '--dir', 'own', ...common, '--json'])).stdout)).toMatchObject({
    changed: false,
  });
  await ctrlC(serving);
  await expectMistake(
    room,
    ['est', 'enroll', 'esp-404', ...enroll.slice(3, -1), 'other'],
    1,
    /no claim of esp-404.*\nMake one with/,
  );
  await expectMistake(
    room,
    ['est', 'renew', '--dir', 'none', ...common],
    1,
    /no certificate in "none".*\nGet the first one/,
  );

  const broker = room.start([...BROKER, '--json']);
  await printed(broker, /"type":"listening"/);
  const { operatorPort } = JSON.parse(broker.stdout().split('\n')[0] ?? '') as { operatorPort: number };
  const forget = ['device', 'forget', 'esp-002', '--url', `mqtts://localhost:${operatorPort}`];
  expect(await room.run(forget, workshop.ctrlCAtStart)).toEqual({ exitCode: 130, stdout: '', stderr: '' });
  expect(await room.run(forget)).toMatchObject({ exitCode: 0, stderr: '' });
  const { exitCode, stdout } = await room.run([...forget, '--json']);
  expect([exitCode, typeof JSON.parse(stdout)]).toEqual([0, 'object']);
  await ctrlC(broker);
  await room.expectNothingLeft();
});

test('every command that there is has been run as a process, here or in the tests of device and doctor', async () => {
  const elsewhere = await readFile(join(import.meta.dirname, '../device/processes.test.ts'), 'utf8');
  const proven = await readFile(join(import.meta.dirname, 'interrupted.test.ts'), 'utf8');
  const covered = (path: string): boolean =>
    path in SHORT_COMMANDS ||
    path in FOR_SHELLS ||
    LONG_RUNNING.some(({ command }) => command === path) ||
    ['est enroll', 'est renew', 'device forget'].includes(path) ||
    (path === 'codegen prove' && proven.includes("['codegen', 'prove']")) ||
    (path.startsWith('device ') && elsewhere.includes(`device('${path.slice(7)}'`)) ||
    (path === 'doctor' && elsewhere.includes("doctor('--offline')"));
  expect([...leafCommands(programForTests())].map(([path]) => path).filter((path) => !covered(path))).toEqual([]);
});
