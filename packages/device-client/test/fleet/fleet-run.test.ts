import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createDeferred, type Deferred } from '../../src/deferred.js';
import type { FleetCallOptions } from '../../src/fleet/fleet-options.js';
import { startFleetRun, type FleetPlan, type FleetRun } from '../../src/fleet/fleet-run.js';
import { DeviceClientError, type FleetResult } from '../../src/index.js';
import { Lifetime } from '../../src/lifetime.js';
import { failureOf } from '../fixtures/fleet.js';
import { ManualTimers } from '../fixtures/manual-timers.js';

/** Calls that end when the test says so, or when they are aborted. */
class Calls {
  readonly timers = new ManualTimers();
  readonly lifetime = new Lifetime();
  readonly begun: string[] = [];
  readonly deadlines = new Set<number | undefined>();
  released = 0;
  readonly #open = new Map<string, Deferred<string>>();

  start(
    ids: readonly string[],
    options: FleetCallOptions = {},
    over: Partial<FleetPlan<string>> = {},
  ): FleetRun<string> {
    const { timers, lifetime } = this;
    return startFleetRun<string>({
      what: 'restart',
      concurrency: 2,
      options,
      timers,
      lifetime,
      find: () => ({ ids, release: () => (this.released += 1) }),
      call: (device, { signal, deadlineMs }) => {
        this.begun.push(device);
        this.deadlines.add(deadlineMs);
        const call = createDeferred<string>();
        this.#open.set(device, call);
        const abort = (): void => {
          call.reject(new DeviceClientError('aborted', `restart to ${device}: aborted`, { cause: signal.reason }));
        };
        signal.addEventListener('abort', abort);
        if (signal.aborted) abort();
        return call.promise;
      },
      ...over,
    });
  }

  async succeed(device: string): Promise<void> {
    await turns();
    this.#open.get(device)?.resolve(`done ${device}`);
    await turns();
  }

  async fail(device: string, error: Error = new DeviceClientError('device_offline', 'gone')): Promise<void> {
    await turns();
    this.#open.get(device)?.reject(error);
    await turns();
  }
}

/** Lets every promise that can settle settle. */
const turns = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const short = (result: FleetResult<string>): string =>
  `${result.device} ${result.ok ? result.value : result.error.code}`;

describe('a call to many devices', () => {
  it('gives results as they come, and all of them in the order of the ids', async () => {
    const calls = new Calls();
    const run = calls.start(['a', 'b', 'c']);
    await calls.succeed('b');
    await calls.fail('c');
    await calls.succeed('a');
    const seen: string[] = [];
    for await (const result of run) seen.push(short(result));
    expect(seen).toEqual(['b done b', 'c device_offline', 'a done a']);
    expect((await run.all()).map(short)).toEqual(['a done a', 'b done b', 'c device_offline']);
    for await (const result of run) {
      expect(short(result)).toBe('b done b');
      break;
    }
    expect(calls.released).toBe(1);
    expect(await calls.start([]).all()).toEqual([]);
  });

  it('begins no further device once enough have failed, and lets those under way finish', async () => {
    const calls = new Calls();
    const run = calls.start(['a', 'b', 'c', 'd', 'e'], { stopAfterFailures: 2 });
    await calls.fail('a');
    await calls.fail('b');
    await calls.succeed('c');
    const results = await run.all();
    expect(results.map(short)).toEqual(['a device_offline', 'b device_offline', 'c done c', 'd skipped', 'e skipped']);
    expect(calls.begun).toEqual(['a', 'b', 'c']);
    expect(results[3]).toMatchObject({
      error: { message: 'restart to d: not begun, because 2 failed before it' },
    });
  });

  it('begins no further device once the reader has left the loop, or asked for it', async () => {
    const calls = new Calls();
    const run = calls.start(['a', 'b', 'c', 'd']);
    await calls.succeed('a');
    for await (const result of run) {
      expect(result.device).toBe('a');
      break;
    }
    await calls.succeed('b');
    await calls.succeed('c');
    expect((await run.all()).map(short)).toEqual(['a done a', 'b done b', 'c done c', 'd skipped']);

    const other = new Calls();
    const stopped = other.start(['a', 'b', 'c']);
    await turns();
    stopped.stop();
    stopped.stop();
    await other.succeed('a');
    await other.succeed('b');
    expect((await stopped.all()).map(short)).toEqual(['a done a', 'b done b', 'c skipped']);
  });

  it('ends at once when the caller aborts: under way is aborted, the rest skipped, the reason is kept', async () => {
    const calls = new Calls();
    const controller = new AbortController();
    const run = calls.start(['a', 'b', 'c', 'd'], { signal: controller.signal });
    await calls.succeed('a');
    controller.abort('enough');
    const results = await run.all();
    expect(results.map(short)).toEqual(['a done a', 'b aborted', 'c aborted', 'd skipped']);
    expect(results[1]).toMatchObject({ error: { cause: 'enough' } });
    expect(results[3]).toMatchObject({ error: { cause: 'enough' } });
    const before = new Calls();
    const none = await before.start(['a', 'b'], { signal: AbortSignal.abort('early') }).all();
    expect(none.map(short)).toEqual(['a skipped', 'b skipped']);
    expect(before.begun).toEqual([]);
  });

  it('ends at its total deadline: under way gets deadline, the rest is skipped; each device has its own deadline', async () => {
    const calls = new Calls();
    const run = calls.start(['a', 'b', 'c', 'd'], { totalDeadlineMs: 500, deadlineMs: 70 });
    await calls.succeed('a');
    calls.timers.advance(500);
    const results = await run.all();
    expect(results.map(short)).toEqual(['a done a', 'b deadline', 'c deadline', 'd skipped']);
    expect(results[1]).toMatchObject({ error: { message: 'restart to b: the whole call had 500 ms' } });
    expect(results[3]).toMatchObject({ error: { cause: { code: 'deadline' } } });
    expect([...calls.deadlines]).toEqual([70]);
    expect(calls.timers.pending).toBe(0);
  });

  it('rejects for what is wrong with the call itself, and aborts what is under way', async () => {
    const calls = new Calls();
    for (const options of [{ deadlineMs: 0 }, { totalDeadlineMs: 1.5 }, { stopAfterFailures: 0 }]) {
      expect(await failureOf(calls.start(['a'], options).all())).toMatchObject({ code: 'invalid_argument' });
    }
    expect(calls.begun).toEqual([]);
    for (const error of [new DeviceClientError('invalid_argument', 'x'), new TypeError('a bug')]) {
      const wrong = new Calls();
      const run = wrong.start(['a', 'b', 'c']);
      await wrong.fail('a', error);
      expect(await failureOf(run.all())).toBe(error);
      expect(wrong.begun).toEqual(['a', 'b']);
      const results = run[Symbol.asyncIterator]();
      expect(await results.next()).toMatchObject({ value: { device: 'b', error: { code: 'aborted' } } });
      expect(await failureOf(results.next())).toBe(error);
    }
  });

  it('rejects with closed, after what is under way', async () => {
    const calls = new Calls();
    const run = calls.start(['a', 'b', 'c']);
    const closed = new DeviceClientError('closed', 'x');
    await calls.fail('a', closed);
    await calls.succeed('b');
    expect(await failureOf(run.all())).toBe(closed);
    expect(calls.begun).toEqual(['a', 'b']);
    calls.lifetime.end();
    expect(await failureOf(calls.start([]).all())).toMatchObject({ code: 'closed' });
  });

  it('rejects with what kept it from finding devices', async () => {
    const calls = new Calls();
    const denied = new DeviceClientError('denied', 'x');
    expect(await failureOf(calls.start([], {}, { find: () => Promise.reject(denied) }).all())).toBe(denied);
    const find: FleetPlan<string>['find'] = (signal) =>
      new Promise((_, reject) => {
        signal.addEventListener('abort', () => {
          reject(new DeviceClientError('aborted', 'x', { cause: signal.reason }));
        });
      });
    const late = calls.start([], { totalDeadlineMs: 5 }, { find });
    calls.timers.advance(5);
    expect(await failureOf(late.all())).toMatchObject({ code: 'deadline' });
  });
});

describe('whatever happens', () => {
  const event = fc.oneof(
    fc.record({ type: fc.constantFrom('succeed' as const, 'fail' as const), device: fc.nat(11) }),
    fc.constantFrom({ type: 'abort' as const }, { type: 'stop' as const }, { type: 'expire' as const }),
  );

  it('every device has one result, at most n are under way, and a skipped one was never begun', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(12),
        fc.integer({ min: 1, max: 5 }),
        fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined }),
        fc.array(event, { maxLength: 30 }),
        async (count, concurrency, stopAfterFailures, events) => {
          const calls = new Calls();
          const ids = Array.from({ length: count }, (_, index) => `d${String(index)}`);
          const controller = new AbortController();
          const options = { signal: controller.signal, totalDeadlineMs: 10, stopAfterFailures };
          const run = calls.start(ids, options, { concurrency });
          const seen: FleetResult<string>[] = [];
          const reading = (async () => {
            for await (const result of run) seen.push(result);
          })();
          for (const one of events) {
            if (one.type === 'succeed') await calls.succeed(`d${String(one.device)}`);
            else if (one.type === 'fail') await calls.fail(`d${String(one.device)}`);
            else if (one.type === 'abort') controller.abort();
            else if (one.type === 'stop') run.stop();
            else calls.timers.advance(10);
            expect(calls.begun.length - seen.filter((result) => !isSkipped(result)).length).toBeLessThanOrEqual(
              concurrency,
            );
          }
          for (const id of ids) await calls.succeed(id);
          await reading;
          const results = await run.all();
          expect(results.map(({ device }) => device)).toEqual(ids);
          expect(seen.map(({ device }) => device).sort()).toEqual([...ids].sort());
          expect(results.filter((result) => !isSkipped(result)).map(({ device }) => device)).toEqual(calls.begun);
          expect(calls.timers.pending).toBe(0);
        },
      ),
      { numRuns: 60 },
    );
  });

  const isSkipped = (result: FleetResult<string>): boolean => !result.ok && result.error.code === 'skipped';
});
