import { describe, expect, test } from 'vitest';
import type { DeviceEvent } from '@secure-esp/simulator';
import type { UpdateStateEvent } from '@secure-esp/protocol';
import { figureLines, fleetFigures } from '../src/sim/fleet-figures.js';
import { createFleetTally } from '../src/sim/fleet-tally.js';
import { createResourceMeter } from '../src/sim/resource-meter.js';
import { runMain, temporaryFolder } from './run-main.js';

const updateState = (
  device: string,
  state: UpdateStateEvent['state'],
  reason: UpdateStateEvent['reason'] = null,
): DeviceEvent => ({
  device,
  type: 'updateState',
  update: { run: 1, state, from: '1.0.0', to: '1.1.0', bytes: 0, total: 0, reason },
});

describe('the tally of a fleet', () => {
  test('counts devices, not events, and the time of all runs', () => {
    let nowMs = 0;
    const tally = createFleetTally(3, () => nowMs);
    for (const device of ['a', 'b', 'c']) tally.event({ device, type: 'online' });
    tally.event({ device: 'c', type: 'disconnected' });
    expect(tally.counts).toMatchObject({ devices: 3, online: 2, updating: 0 });
    nowMs = 1000;
    for (const device of ['a', 'b', 'c']) tally.event(updateState(device, 'checking'));
    nowMs = 2000;
    tally.event(updateState('a', 'downloading'));
    expect(tally.counts).toMatchObject({ updating: 3, confirmed: 0 });
    nowMs = 5000;
    tally.event(updateState('a', 'confirmed'));
    tally.event(updateState('b', 'failed', 'none_newer'));
    tally.event(updateState('c', 'failed', 'bad_hash'));
    expect(tally.counts).toMatchObject({ updating: 0, confirmed: 1, failedRuns: 1 });
    expect([...tally.reasons]).toEqual([['bad_hash', 1]]);
    expect(tally.updateMs).toBe(4000);
  });

  test('knows a device that is dead, and one that reports an old run after it started', () => {
    const tally = createFleetTally(2, () => 0);
    tally.event(updateState('a', 'confirmed'));
    tally.event({ device: 'b', type: 'failed', error: new Error('x') });
    tally.event({ device: 'b', type: 'connectFailed', failure: 'tls' });
    expect(tally.counts).toMatchObject({ confirmed: 0, dead: 1, connectFailures: 1 });
    expect(tally.updateMs).toBeUndefined();
  });
});

test('figures are per device, and say what did not come to an end', () => {
  const tally = createFleetTally(10, () => 0);
  const usage = (atMs: number, cpuMs: number, rssBytes: number) => ({
    atMs,
    cpuMs,
    rssBytes,
    heapBytes: 0,
    externalBytes: 0,
  });
  const moments = {
    before: usage(0, 0, 1000),
    made: usage(10, 5, 2000),
    last: usage(3000, 90, 9000),
    peakRssBytes: 10_000,
  };
  const figures = fleetFigures(tally, { ...moments, online: usage(1010, 25, 6000) });
  expect(figures).toMatchObject({
    connect: { ms: 1000, devicesPerSecond: 10, cpuMsPerDevice: 2 },
    update: null,
    memory: { rssBytesPerDevice: 500, rssBytesBefore: 1000, rssBytes: 6000, peakRssBytes: 10_000 },
  });
  expect(figureLines(fleetFigures(tally, { ...moments, online: undefined }))).toContain(
    'connect    not all came online',
  );
});

test('the meter tells what this process uses', () => {
  const meter = createResourceMeter();
  const { rssBytes, heapBytes, cpuMs } = meter.now();
  expect(Math.min(rssBytes, heapBytes, cpuMs)).toBeGreaterThan(0);
  expect(meter.peakRssBytes()).toBeGreaterThan(1_000_000);
});

describe('secure-esp sim', () => {
  test.each([
    [['sim', 'esp-001', '--count', '3', '--firmware', 'a.bin'], /give ids or --count, one of the two/],
    [['sim', '--count', '0', '--firmware', 'a.bin'], /must be an integer in 1..99999/],
    [['sim', '--count', '3', '--rate', '0', '--firmware', 'a.bin'], /must be an integer in 1..10000/],
  ])('refuses %j', async (argv, sentence) => {
    const { exitCode, stderr } = await runMain(await temporaryFolder(), argv);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(sentence);
  });
});
