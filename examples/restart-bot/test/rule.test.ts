import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DAY_MS, judge, type Limits, type Observed } from '../src/rule.js';

const limits: Limits = { silentMs: 60_000, updateStalledMs: 900_000, pauseMs: 600_000, restartsPerDay: 3 };
const now = 1_000 * DAY_MS;
const silent: Observed = { online: true, heardAt: now - 60_000, update: undefined };

test('a device that is heard of is left alone', () => {
  assert.deepEqual(judge({ ...silent, heardAt: now - 59_999 }, [], limits, now), { do: 'nothing' });
});

test('a device that is offline is left alone', () => {
  assert.deepEqual(judge({ ...silent, online: false }, [], limits, now), { do: 'nothing' });
});

test('silence counts only where it is said to', () => {
  assert.deepEqual(judge(silent, [], limits, now), { do: 'restart', why: 'silent' });
  assert.deepEqual(judge(silent, [], { ...limits, silentMs: undefined }, now), { do: 'nothing' });
});

test('an update without progress is stuck, whatever else the device says', () => {
  const update = { state: 'downloading', since: now - 900_000 };
  assert.deepEqual(judge({ online: true, heardAt: now, update }, [], limits, now), {
    do: 'restart',
    why: 'downloading without progress',
  });
});

test('each further restart waits twice as long, and after the last one of a day a person looks', () => {
  const at = (minutes: number): number => now - minutes * 60_000;
  assert.equal(judge(silent, [at(9)], limits, now).do, 'wait');
  assert.equal(judge(silent, [at(10)], limits, now).do, 'restart');
  assert.equal(judge(silent, [at(40), at(19)], limits, now).do, 'wait');
  assert.equal(judge(silent, [at(40), at(20)], limits, now).do, 'restart');
  assert.deepEqual(judge(silent, [at(200), at(100), at(50)], limits, now), { do: 'give up', why: 'silent' });
  assert.equal(judge(silent, [now - DAY_MS, at(100), at(50)], limits, now).do, 'restart');
});
