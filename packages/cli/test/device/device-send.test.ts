import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runMain } from '../run-main.js';
import { startHouse, type House, type Peer } from './house.js';

let house: House;
let [first, second]: [Peer, Peer] = [undefined as never, undefined as never];

beforeAll(async () => {
  house = await startHouse(['esp-001', 'esp-002', 'esp-003']);
  first = await house.peer('esp-001');
  second = await house.peer('esp-002');
});
afterAll(() => house.close());

const send = (...words: string[]) => runMain(house.cwd, ['device', 'send', ...house.options, ...words]);

describe('secure-esp device send', () => {
  test('prints the reply of one device', async () => {
    expect(await send('esp-001', 'update/interval', '600')).toEqual({
      exitCode: 0,
      stdout: '{"ok":true}\n',
      stderr: '',
    });
    expect(first.received.at(-1)).toMatchObject({ leaf: 'update/interval', payload: '600' });
  });

  test('sends to several devices, and says of each what came of it', async () => {
    const { exitCode, stdout, stderr } = await send('esp-001,esp-002,esp-003', 'restart');
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/^esp-001 +\{"ok":true\}\nesp-002 +\{"ok":true\}\nesp-003 +esp-003 is offline/);
    expect(stderr).toMatch(/restart failed on 1 of 3 devices/);
  });

  test('with --json prints one document, refusals with the device’s code', async () => {
    second.onCommand = (command) => command.reply({ ok: false, code: 'no_url', detail: 'no URL is stored' });
    const { exitCode, stdout } = await send('esp-001,esp-002', 'update/use_url', '1', '--json');
    second.onCommand = (command) => command.reply({ ok: true });
    expect(exitCode).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      command: 'update/use_url',
      results: [
        { device: 'esp-001', ok: true, reply: { ok: true } },
        { device: 'esp-002', ok: false, error: { code: 'no_url', replyCode: 'no_url' } },
      ],
      skipped: [],
    });
  });

  test('--all sends to each device that is online, and no other', async () => {
    const { exitCode, stdout } = await send('--all', 'update/interval', '900');
    expect(exitCode).toBe(0);
    expect(stdout.trim().split('\n')).toHaveLength(2);
  });

  test.each([
    [['esp-001', 'update/interval', '5'], /update\/interval: .*300.*out_of_range/, /update\/interval <300\.\.9999999>/],
    [['esp-001', 'update/interval'], /update\/interval: it needs a value/, /Nothing was sent/],
    [['esp-001', 'update/url', 'http://a.example/x'], /update\/url: .*https/i, /update\/url <text>/],
    [['esp-001', 'restart', 'now'], /restart: the payload must be empty/, /Nothing was sent/],
    [['esp-001', 'update/intervall', '600'], /no command "update\/intervall"/, /update\/use_url <0\.\.1>/],
    [['esp/001', 'restart'], /"esp\/001" is no device id/, /A-Z/],
    [['esp-001'], /a command is missing/, /device send esp-001 restart/],
  ])('refuses %j before anything is sent', async (words, sentence, nextStep) => {
    const before = first.received.length;
    const { exitCode, stdout, stderr } = await send(...words);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toMatch(sentence);
    expect(stderr).toMatch(nextStep);
    expect(first.received).toHaveLength(before);
  });

  test('ends at the deadline when a device does not answer', async () => {
    first.onCommand = () => undefined;
    const { exitCode, stderr } = await send('esp-001', 'restart', '--deadline', '1');
    first.onCommand = (command) => command.reply({ ok: true });
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/deadline/);
  });

  test('says what to do when there is no broker', async () => {
    const { exitCode, stderr } = await runMain(house.cwd, [
      ...['device', 'send', 'esp-001', 'restart', '--dir', 'pki', '--url', 'mqtts://localhost:1'],
    ]);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/not reachable.*\n.*Check that the broker runs/);
  });
});
