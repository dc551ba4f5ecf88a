import { UPDATE_REASONS, UPDATE_STATES, type UpdateStateEvent } from '@secure-esp/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { advanceUpdateRun, newUpdateRun, type UpdateRun, type UpdateRunInput } from '../../src/update/update-run.js';

const event = (
  run: number,
  state: UpdateStateEvent['state'],
  over: Partial<UpdateStateEvent> = {},
): UpdateStateEvent => ({
  run,
  state,
  from: '1.0.0',
  to: null,
  bytes: 0,
  total: 0,
  reason: null,
  ...over,
});

/** Feeds inputs in order; returns the end state and every event that was reported as this run's. */
function feed(inputs: readonly UpdateRunInput[]): { run: UpdateRun; seen: UpdateStateEvent[] } {
  let run = newUpdateRun();
  const seen: UpdateStateEvent[] = [];
  for (const input of inputs) {
    const step = advanceUpdateRun(run, input);
    run = step.next;
    seen.push(...step.seen);
  }
  return { run, seen };
}

const state = (value: UpdateStateEvent): UpdateRunInput => ({ type: 'state', event: value });
const started = (run: number): UpdateRunInput => ({ type: 'started', run });

describe('an update run', () => {
  it('is updated once its run is confirmed, with the last version that was named', () => {
    const { run } = feed([
      state(event(6, 'confirmed')),
      started(7),
      state(event(7, 'downloading', { to: '2.0.0' })),
      state(event(7, 'confirmed')),
    ]);
    expect(run.outcome).toEqual({ kind: 'updated', run: 7, from: '1.0.0', to: '2.0.0' });
  });

  it('has nothing newer when it goes idle for that reason, and is still open when idle for none', () => {
    expect(feed([started(7), state(event(7, 'idle'))]).run.outcome).toBeUndefined();
    const { run } = feed([started(7), state(event(7, 'idle', { reason: 'none_newer' }))]);
    expect(run.outcome).toEqual({ kind: 'none_newer', run: 7 });
    const lower = feed([started(7), state(event(7, 'idle', { reason: 'lower_version' }))]);
    expect(lower.run.outcome).toEqual({ kind: 'failed', run: 7, reason: 'lower_version' });
  });

  it('fails and rolls back with the reason of the device', () => {
    const failed = feed([started(7), state(event(7, 'failed', { reason: 'bad_signature' }))]);
    expect(failed.run.outcome).toEqual({ kind: 'failed', run: 7, reason: 'bad_signature' });
    const back = feed([started(7), state(event(7, 'rolled_back', { reason: 'not_confirmed' }))]);
    expect(back.run.outcome).toEqual({ kind: 'rolled_back', run: 7, reason: 'not_confirmed' });
  });

  it('takes events into account that came before the reply', () => {
    const { run, seen } = feed([state(event(6, 'failed')), state(event(7, 'checking')), started(7)]);
    expect(run.outcome).toBeUndefined();
    expect(seen).toEqual([event(7, 'checking')]);
  });

  it('is superseded by a later run', () => {
    expect(feed([started(7), state(event(9, 'checking'))]).run.outcome).toEqual({
      kind: 'superseded',
      run: 7,
      byRun: 9,
    });
  });
});

describe('any order of events', () => {
  const anyEvent = fc.record({
    run: fc.integer({ min: 0, max: 4 }),
    state: fc.constantFrom(...UPDATE_STATES),
    from: fc.constant('1.0.0'),
    to: fc.constantFrom(null, '2.0.0'),
    bytes: fc.nat(100),
    total: fc.nat(100),
    reason: fc.option(fc.constantFrom(...UPDATE_REASONS)),
  });
  const ends = ({ state, reason }: UpdateStateEvent): boolean =>
    ['confirmed', 'failed', 'rolled_back'].includes(state) || (state === 'idle' && reason !== null);

  it('gives the outcome of the first event that ends this run or belongs to a later one, wherever the reply falls', () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 60 }), fc.nat(60), (events, position) => {
        const at = Math.min(position, events.length);
        const inputs = [...events.slice(0, at).map(state), started(2), ...events.slice(at).map(state)];
        const { run, seen } = feed(inputs);
        const decisive = events.find((one) => one.run > 2 || (one.run === 2 && ends(one)));
        const upTo = decisive === undefined ? events : events.slice(0, events.indexOf(decisive) + 1);
        expect(seen).toEqual(upTo.filter((one) => one.run === 2));
        if (decisive === undefined) expect(run.outcome).toBeUndefined();
        else if (decisive.run > 2) expect(run.outcome).toMatchObject({ kind: 'superseded', byRun: decisive.run });
        else if (decisive.state === 'confirmed') expect(run.outcome).toMatchObject({ kind: 'updated' });
        else if (decisive.reason === 'none_newer' && decisive.state === 'idle')
          expect(run.outcome).toMatchObject({ kind: 'none_newer' });
        else expect(run.outcome).toMatchObject({ reason: decisive.reason });
      }),
    );
  });

  it('never changes an outcome, and never mutates a state', () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 40 }), (events) => {
        let run = Object.freeze(advanceUpdateRun(newUpdateRun(), started(2)).next);
        for (const one of events) {
          const { next } = advanceUpdateRun(run, state(one));
          if (run.outcome !== undefined) expect(next).toBe(run);
          run = Object.freeze(next);
        }
      }),
    );
  });
});
