import { spawnSync } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { signalGroup, type Program } from '../ota/real-program.js';
import { ctrlC, openWorkshop, printed, STACK, type Room } from './workshop.js';

let workshop: Awaited<ReturnType<typeof openWorkshop>>;
beforeAll(async () => {
  workshop = await openWorkshop();
}, 120_000);
afterAll(() => workshop.close());

const has = (program: string, ...argv: string[]): boolean => spawnSync(program, argv).status === 0;
const entries = (room: Room, path: string): Promise<readonly string[]> => readdir(join(room.cwd, path)).catch(() => []);

/** Waits until so many files are in a folder. */
async function filled(room: Room, path: string, count: number): Promise<void> {
  await expect
    .poll(async () => (await entries(room, path)).length, { timeout: 60_000, interval: 5 })
    .toBeGreaterThanOrEqual(count);
}

/** Ends it with 0, and what it prints. */
async function done(room: Room, argv: readonly string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await room.run(argv);
  expect([exitCode, stderr]).toEqual([0, expect.not.stringMatching(STACK)]);
  return stdout;
}

describe('Ctrl-C in the middle', { timeout: 120_000 }, () => {
  test('of pki init: nothing is half-written, and the next run makes the rest', async () => {
    const room = await workshop.emptyRoom();
    const running = room.start(['pki', 'init', '--device', 'a', '--device', 'b', '--device', 'c']);
    await filled(room, '.secure-esp/issued', 1);
    await ctrlC(running);
    await room.expectNothingLeft();
    await done(room, ['pki', 'init', '--device', 'c']);
    expect(JSON.parse(await done(room, ['pki', 'show', 'c', '--json']))).toMatchObject([{ state: 'good' }]);
  });

  test('of init: there is no project file, and the next run ends the work', async () => {
    const room = await workshop.emptyRoom();
    const running = room.start(['init', '--yes']);
    await filled(room, '.secure-esp/issued', 1);
    await ctrlC(running);
    expect(await room.files()).not.toContain('secure-esp.config.ts');
    await room.expectNothingLeft();
    expect(await done(room, ['init', '--yes'])).toContain('wrote secure-esp.config.ts');
    expect(JSON.parse(await done(room, ['pki', 'list', '--json']))).not.toEqual([]);
  });

  test.each([[[]], [['--json']]])(
    'of pki issue --count 500 %j: each pair is whole, and the same command makes the rest',
    async (json) => {
      const room = await workshop.room();
      const issue = ['pki', 'issue', '--count', '500'];
      const running = room.start([...issue, ...json]);
      await filled(room, '.secure-esp/devices', 20);
      await ctrlC(running);
      expect(running.stdout()).toBe('');
      expect(running.stderr().includes('the same command makes the rest')).toBe(json.length === 0);
      await room.expectNothingLeft();
      for (const id of await entries(room, '.secure-esp/devices')) {
        expect([id, await entries(room, `.secure-esp/devices/${id}`)]).toEqual([
          id,
          ['ca.crt', 'client.crt', 'client.key'],
        ]);
      }
      const { issued, existing } = JSON.parse(await done(room, [...issue, '--json'])) as Record<string, number>;
      expect(issued).toBeLessThan(500);
      expect((issued ?? 0) + (existing ?? 0)).toBe(500);
    },
  );

  test('of provision --batch: there is no list, every image is whole, and --force makes all', async () => {
    const room = await workshop.room();
    await done(room, ['pki', 'issue', '--count', '150']);
    await writeFile(
      join(room.cwd, 'ids.txt'),
      Array.from({ length: 150 }, (_, i) => `esp-${String(i + 1).padStart(5, '0')}\n`).join(''),
    );
    const provision = ['provision', '--from', 'ids.txt', '--batch', 'batch.csv'];
    const running = room.start(provision);
    await filled(room, 'provisioned', 3);
    await ctrlC(running);
    await room.expectNothingLeft();
    expect(await room.files()).not.toContain('batch.csv');
    for (const id of await entries(room, 'provisioned')) {
      const image = await readFile(join(room.cwd, 'provisioned', id, 'nvs.bin')).catch(() => undefined);
      expect([id, image?.length ?? 16_384]).toEqual([id, 16_384]);
    }
    await done(room, [...provision, '--force']);
    const list = await readFile(join(room.cwd, 'batch.csv'), 'utf8');
    expect(list.trimEnd().split('\n')).toHaveLength(151);
  });

  test('of ota publish - whose input stalls: no part of it stays, and the next run releases it', async () => {
    const room = await workshop.room();
    const before = await room.files();
    const image = await readFile(join(room.cwd, 'app-1.1.0.signed.bin'));
    const running = room.start(['ota', 'publish', '-'], workshop.ctrlCAtInput);
    running.child.stdin?.write(image.subarray(0, 200));
    expect([await running.ended, running.stdout(), running.stderr()]).toEqual([130, '', '']);
    expect(await room.files()).toEqual(before);
    const again = room.start(['ota', 'publish', '-'], { stdin: 'pipe' });
    again.child.stdin?.end(image);
    expect(await again.ended).toBe(0);
    await room.expectNothingLeft();
  });

  test.skipIf(!has('frama-c', '-version'))('of codegen prove: Frama-C and its provers end, too', async () => {
    const room = await workshop.room();
    const running = room.start(['codegen', 'prove']);
    // it writes what it parses: the work has begun
    await expect
      .poll(
        async () =>
          (await readdir(room.temporary, { recursive: true })).some((path) => /cppannot|\.why|\.sock|\/wp/.test(path)),
        {
          timeout: 60_000,
          interval: 5,
        },
      )
      .toBe(true);
    await ctrlC(running);
    await room.expectNothingLeft();
  });
});

describe('Ctrl-C while it waits for standard input', { timeout: 60_000 }, () => {
  test.each([
    [['pki', 'issue', '--from', '-']],
    [['pki', 'export', 'operator', '--format', 'p12', '--out', 'o.p12', '--passphrase-file', '-']],
    [['provision', '--from', '-']],
    [['provision', 'esp-009', '--est-url', 'https://localhost:8443', '--claims', '-']],
    [
      [
        'est',
        'enroll',
        'esp-009',
        '--url',
        'https://localhost:8443',
        '--ca',
        '.secure-esp/ca/certs/ca.crt',
        '--out',
        'o',
        '--claim-file',
        '-',
      ],
    ],
  ])('%j ends it, and nothing was written', async (argv) => {
    const room = await workshop.room();
    const before = await room.files();
    const running = room.start(argv, workshop.ctrlCAtInput);
    running.child.stdin?.write('half a line');
    expect([await running.ended, running.stdout(), running.stderr()]).toEqual([130, '', '']);
    expect(await room.files()).toEqual(before);
    await room.expectNothingLeft();
  });
});

test.each([
  [
    'est enroll',
    ['est', 'enroll', 'esp-009', '--claim-file', 'claims.json', '--ca', '.secure-esp/ca/certs/ca.crt', '--out', 'o'],
  ],
])('Ctrl-C ends %s while the server says nothing', async (_name, argv) => {
  const silent = createServer((socket) => void socket.on('error', () => undefined)).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  onTestFinished(() => void silent.close());
  const connected = once(silent, 'connection');
  const room = await workshop.room();
  const running = room.start([...argv, '--url', `https://127.0.0.1:${(silent.address() as AddressInfo).port}`]);
  await connected;
  await ctrlC(running);
  expect(running.stdout()).toBe('');
  await room.expectNothingLeft();
});

describe.skipIf(!has('script', '--version'))('init at a terminal', { timeout: 60_000 }, () => {
  test('takes what is proposed with Enter, and ends with 0', async () => {
    const room = await workshop.emptyRoom();
    const running = room.atTerminal(['init', '--no-pki']);
    for (const question of [/Name of the project/, /Chip of the devices/, /Where will devices reach/]) {
      await printed(running, question);
      running.child.stdin?.write('\r');
    }
    expect([await running.ended, running.stdout()]).toEqual([0, expect.stringContaining('wrote secure-esp.config.ts')]);
  });

  test.each([
    ['the key', (running: Program) => void running.child.stdin?.write('\u0003')],
    [
      'the signal',
      (_running: Program, pids: readonly string[]) => {
        for (const pid of pids) process.kill(Number(pid), 'SIGINT');
      },
    ],
  ])('ends with Ctrl-C (%s) at a question, and nothing was written', async (_what, send) => {
    const room = await workshop.emptyRoom();
    const running = room.atTerminal(['init']);
    await printed(running, /Name of the project/);
    const own = String(running.child.pid);
    const pids: string[] = [];
    for (const pid of await room.processes()) {
      const command = await readFile(`/proc/${pid}/cmdline`, 'utf8');
      if (pid !== own && command.startsWith(process.execPath)) pids.push(pid);
    }
    expect(pids).toHaveLength(1);
    send(running, pids);
    expect(await running.ended).toBe(130);
    expect(running.stdout()).not.toMatch(/ {4}at /);
    expect(await room.files()).toEqual([]);
    signalGroup(running.child, 'SIGKILL');
    await room.expectNothingLeft();
  });
});
