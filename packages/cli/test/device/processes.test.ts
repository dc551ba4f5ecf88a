import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createServer } from 'node:net';
import { bundleProgram, signalGroup, startProgram, type Program } from '../ota/real-program.js';
import { startHouse, type House, type Peer } from './house.js';

let program: Awaited<ReturnType<typeof bundleProgram>>;
let house: House;
let [first, second]: [Peer, Peer] = [undefined as never, undefined as never];

beforeAll(async () => {
  program = await bundleProgram();
  house = await startHouse(['esp-001', 'esp-002']);
  first = await house.peer('esp-001');
  second = await house.peer('esp-002');
}, 120_000);
afterAll(async () => {
  await house.close();
  await program.remove();
});

const start = (...words: string[]): Program => startProgram(program.bin, house.cwd, words);
const device = (verb: string, ...words: string[]): Program => start('device', verb, ...house.options, ...words);
const until = (running: Program, what: RegExp): Promise<void> =>
  vi.waitFor(
    () => {
      expect(running.stdout() + running.stderr()).toMatch(what);
    },
    { timeout: 20_000, interval: 20 },
  );
/** Ends it as Ctrl-C does, and expects it to end by itself. */
async function ctrlC(running: Program): Promise<void> {
  signalGroup(running.child, 'SIGINT');
  expect(await running.ended).toBe(130);
  expect(running.stderr()).not.toMatch(/ {4}at /);
}

describe('real processes of secure-esp device', { timeout: 60_000 }, () => {
  test('list, send and update end with 0', async () => {
    first.updatesTo('confirmed');
    for (const [running, output] of [
      [device('list', '--online'), /esp-001 +yes[^]*2 devices, 2 online/],
      [device('send', 'esp-002', 'update/interval', '600'), /^\{"ok":true\}\n$/],
      [device('update', 'esp-001'), /1 of 1 done: 1 updated/],
    ] as const) {
      expect(await running.ended).toBe(0);
      expect(running.stdout()).toMatch(output);
      expect(running.stderr()).toBe('');
    }
  });

  test('logs prints lines with their device for a time, or follows until Ctrl-C', async () => {
    const short = device('logs', '--for', '1', '--json');
    const following = device('logs', '-f', 'esp-001', 'esp-002');
    const one = device('logs', '-f', 'esp-002', '--json');
    const talking = setInterval(() => {
      void first.log('secure_esp: [SUCCESS] a\u001b[31m');
      void second.log('tick');
    }, 100);
    try {
      expect(await short.ended).toBe(0);
      await until(following, /\[esp-001\] secure_esp: \[SUCCESS\] a\\u\{1b\}/);
      await until(following, /\[esp-002\] tick/);
      await until(one, /"line":"tick"/);
    } finally {
      clearInterval(talking);
    }
    expect(JSON.parse(one.stdout().split('\n')[0] ?? '')).toMatchObject({ device: 'esp-002', line: 'tick' });
    expect(one.stdout()).not.toContain('esp-001');
    await ctrlC(following);
    await ctrlC(one);
  });

  test('watch prints lines where there is no terminal, and ends with Ctrl-C', async () => {
    const [lines, json] = [device('watch'), device('watch', 'esp-001', '--json')];
    await until(lines, /esp-001 +online: lamp 1\.0\.0 on esp32c6/);
    await until(json, /"type":"status"/);
    await ctrlC(lines);
    await ctrlC(json);
    expect(JSON.parse(json.stdout().split('\n')[0] ?? '')).toMatchObject({ device: 'esp-001' });
  });

  test('send, update and list end with Ctrl-C while they wait', async () => {
    first.onCommand = () => undefined;
    const received = first.received.length;
    const sending = device('send', 'esp-001', 'restart', '--deadline', '60');
    await vi.waitFor(() => {
      expect(first.received.length).toBeGreaterThan(received);
    }, 20_000);
    await ctrlC(sending);
    first.onCommand = (command) => command.reply({ ok: true, run: 99 });
    const updating = device('update', 'esp-001');
    await vi.waitFor(() => {
      expect(first.received.at(-1)?.leaf).toBe('update/run');
    }, 20_000);
    await ctrlC(updating);
  });

  test.each([
    [['list', '--nonsense'], /unknown option/],
    [['logs', 'esp 1'], /is no device id/],
    [['logs', '-f', '--for', '3'], /--follow or --for/],
    [['watch', 'a', 'b'], /too many arguments/],
    [['send', 'esp-001', 'nonsense'], /there is no command "nonsense"/],
    [['update'], /give ids or --all/],
    [['forget'], /missing required argument/],
  ])('%j is wrong usage', async ([verb = '', ...words], sentence) => {
    const running = device(verb, ...words);
    expect(await running.ended).toBe(2);
    expect(running.stderr()).toMatch(sentence);
    expect(running.stdout()).toBe('');
  });
});

describe('real processes of secure-esp doctor', { timeout: 60_000 }, () => {
  const doctor = (...words: string[]): Program =>
    start('doctor', '--dir', 'pki', '--url', `mqtts://localhost:${house.broker.operatorPort}`, ...words);

  test('ends with 0, 1 or 2', async () => {
    const [good, bad, wrong] = [
      doctor('--offline'),
      doctor('--ota', 'https://localhost:1'),
      doctor('--ota', 'nowhere'),
    ];
    expect(await good.ended).toBe(0);
    expect(good.stdout()).toMatch(/0 failures/);
    expect(await bad.ended).toBe(1);
    expect(bad.stdout()).toMatch(/fail {2}ota[^]*-> Start it with `secure-esp ota serve`/);
    expect(await wrong.ended).toBe(2);
  });

  test('ends with Ctrl-C while a server says nothing', async () => {
    const silent = createServer((socket) => void socket.on('error', () => undefined)).listen(0, '127.0.0.1');
    const port = await new Promise<number>((resolve) =>
      silent.once('listening', () => {
        resolve((silent.address() as { port: number }).port);
      }),
    );
    const connected = new Promise((resolve) => silent.once('connection', resolve));
    const running = doctor('--ota', `https://127.0.0.1:${port}`, '--deadline', '60');
    await connected;
    await ctrlC(running);
    silent.close();
  });
});
