import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { DeviceEvent } from '@secure-esp/device-client';
import { Bot } from '../src/bot.js';
import { Ledger } from '../src/ledger.js';
import { Observer } from '../src/observer.js';

const limits = { silentMs: 60_000, updateStalledMs: 900_000, pauseMs: 600_000, restartsPerDay: 3 };

async function folder(context: TestContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'restart-bot-'));
  context.after(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

async function world(context: TestContext, { act = true, atOnce = 5 } = {}) {
  const path = join(await folder(context), 'restarts.json');
  const clock = { now: 1_700_000_000_000 };
  const now = (): number => clock.now;
  const observer = new Observer(now);
  const restarted: string[] = [];
  const lines: Readonly<Record<string, unknown>>[] = [];
  const start = async (): Promise<Bot> =>
    new Bot({
      observer,
      ledger: await Ledger.open(path),
      limits,
      act,
      atOnce,
      now,
      log: (entry) => lines.push(entry),
      restart: (device) => {
        restarted.push(device);
        return Promise.resolve();
      },
    });
  const hear = (device: string): void => {
    const value = { online: true, project: 'lamp', version: '1.0.0', chip: 'esp32', bootId: 1, protocol: 1 };
    const event = { type: 'status', device, receivedAt: clock.now, retained: false, value };
    observer.take(event as unknown as DeviceEvent);
  };
  return { path, clock, observer, restarted, lines, start, hear };
}

test('a silent device is restarted once, and not again by a bot that was started anew', async (context) => {
  const { clock, restarted, start, hear } = await world(context);
  hear('lamp-1');
  hear('lamp-2');
  clock.now += 60_000;
  hear('lamp-2');
  await (await start()).look();
  assert.deepEqual(restarted, ['lamp-1']);
  clock.now += 61_000;
  hear('lamp-2');
  await (await start()).look();
  assert.deepEqual(restarted, ['lamp-1']);
  clock.now += 600_000;
  hear('lamp-2');
  await (await start()).look();
  assert.deepEqual(restarted, ['lamp-1', 'lamp-1']);
});

test('without --act it says what it would do, once', async (context) => {
  const { clock, restarted, lines, start, hear } = await world(context, { act: false });
  hear('lamp-1');
  clock.now += 60_000;
  const bot = await start();
  await bot.look();
  await bot.look();
  assert.deepEqual(restarted, []);
  assert.deepEqual(lines, [{ device: 'lamp-1', do: 'would restart', why: 'silent' }]);
});

test('when many are stuck at once none is restarted', async (context) => {
  const { clock, restarted, lines, start, hear } = await world(context, { atOnce: 2 });
  for (const device of ['lamp-1', 'lamp-2', 'lamp-3']) hear(device);
  clock.now += 60_000;
  await (await start()).look();
  assert.deepEqual(restarted, []);
  assert.deepEqual(lines[0], { device: '*', do: 'look yourself', why: '3 devices are stuck at once' });
});

test('an outage of the broker makes nobody silent', async (context) => {
  const { clock, observer, restarted, start, hear } = await world(context);
  hear('lamp-1');
  clock.now += 3_600_000;
  observer.resumed();
  await (await start()).look();
  assert.deepEqual(restarted, []);
});

test('a ledger that cannot be read stops the bot', async (context) => {
  const path = join(await folder(context), 'restarts.json');
  for (const text of ['', '[]', '{"lamp-1":"often"}', '{"lamp-1":[1']) {
    await writeFile(path, text);
    await assert.rejects(Ledger.open(path));
  }
});

test('the ledger forgets what is older than a day', async (context) => {
  const path = join(await folder(context), 'restarts.json');
  const ledger = await Ledger.open(path);
  await ledger.add('lamp-1', 1_000);
  await ledger.add('lamp-2', 86_401_000);
  assert.deepEqual(JSON.parse(await readFile(path, 'utf8')), { 'lamp-2': [86_401_000] });
});
