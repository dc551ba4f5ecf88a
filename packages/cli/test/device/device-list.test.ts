import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runMain } from '../run-main.js';
import { startHouse, type House } from './house.js';

let house: House;

beforeAll(async () => {
  house = await startHouse(['esp-2', 'esp-10', 'esp-3']);
  const [two, ten, three] = [await house.peer('esp-2'), await house.peer('esp-10'), await house.peer('esp-3')];
  await two.event('settings', { url: null, useUrl: 0, interval: 600 }, true);
  await ten.state({ run: 3, state: 'failed', reason: 'bad_signature' });
  await three.state({ run: 4, state: 'confirmed', to: '1.1.0' });
  await three.leave();
});
afterAll(() => house.close());

const list = (...words: string[]) => runMain(house.cwd, ['device', 'list', ...house.options, ...words]);

describe('secure-esp device list', () => {
  test('shows who is online, with which version, in the order of the numbers in their names', async () => {
    const began = performance.now();
    const { exitCode, stdout } = await list();
    expect(performance.now() - began).toBeLessThan(3_000);
    expect(exitCode).toBe(0);
    expect(stdout).toBe(
      [
        'ID      ONLINE  PROJECT  VERSION  CHIP     UPDATE',
        'esp-2   yes     lamp     1.0.0    esp32c6  -',
        'esp-3   no      -        1.1.0    -        confirmed 1.1.0',
        'esp-10  yes     lamp     1.0.0    esp32c6  failed bad_signature',
        '3 devices, 2 online',
        '',
      ].join('\n'),
    );
  });

  test('--json has all that is retained; --online leaves the others out', async () => {
    const { exitCode, stdout } = await list('--json', '--online');
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject([
      { id: 'esp-2', online: true, version: '1.0.0', chip: 'esp32c6', retained: { settings: { interval: 600 } } },
      { id: 'esp-10', online: true, updateState: 'failed' },
    ]);
  });

  test('forgets what was cleared', async () => {
    const forgotten = await runMain(house.cwd, ['device', 'forget', 'esp-3', ...house.options, '--json']);
    expect(forgotten).toMatchObject({ exitCode: 0, stderr: '' });
    expect(JSON.parse(forgotten.stdout)).toEqual({ device: 'esp-3', forgotten: true });
    expect((await list()).stdout).not.toContain('esp-3');
  });

  test('takes no other words', async () => {
    expect((await list('--offline')).exitCode).toBe(2);
  });
});
