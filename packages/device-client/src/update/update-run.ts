import type { UpdateReason, UpdateState, UpdateStateEvent } from '@secure-esp/protocol';

/** How an update run ended. */
export type UpdateRunOutcome =
  | { readonly kind: 'updated'; readonly run: number; readonly from: string; readonly to: string }
  | { readonly kind: 'none_newer'; readonly run: number }
  | { readonly kind: 'failed' | 'rolled_back'; readonly run: number; readonly reason: UpdateReason | null }
  | { readonly kind: 'superseded'; readonly run: number; readonly byRun: number };

/** Where a followed run stands. Values are never changed, only replaced. */
export interface UpdateRun {
  /** The run that is followed; `undefined` until the device's reply named it. */
  readonly run: number | undefined;
  /** Events that came before the reply, oldest first. */
  readonly early: readonly UpdateStateEvent[];
  readonly lastState: UpdateState | undefined;
  /** Last version on offer that the device named. */
  readonly to: string | null;
  readonly outcome: UpdateRunOutcome | undefined;
}

export type UpdateRunInput =
  { readonly type: 'started'; readonly run: number } | { readonly type: 'state'; readonly event: UpdateStateEvent };

/** More events than a run has states before its reply arrives; progress of other runs may be among them. */
const EARLY_MAX = 64;

export const newUpdateRun = (): UpdateRun => ({
  run: undefined,
  early: [],
  lastState: undefined,
  to: null,
  outcome: undefined,
});

/** Takes one input. `seen` are the events of this run that the input brought to light, oldest first. Pure. */
export function advanceUpdateRun(
  current: UpdateRun,
  input: UpdateRunInput,
): { readonly next: UpdateRun; readonly seen: readonly UpdateStateEvent[] } {
  if (current.outcome !== undefined) return { next: current, seen: [] };
  if (input.type === 'state') {
    if (current.run !== undefined) return observe(current, current.run, [input.event]);
    return { next: { ...current, early: [...current.early, input.event].slice(-EARLY_MAX) }, seen: [] };
  }
  if (current.run !== undefined) return { next: current, seen: [] };
  return observe({ ...current, run: input.run, early: [] }, input.run, current.early);
}

function observe(
  start: UpdateRun,
  run: number,
  events: readonly UpdateStateEvent[],
): { next: UpdateRun; seen: readonly UpdateStateEvent[] } {
  let next = start;
  const seen: UpdateStateEvent[] = [];
  for (const event of events) {
    // Retained states of earlier runs are history.
    if (event.run < run) continue;
    if (event.run > run) {
      return { next: { ...next, outcome: { kind: 'superseded', run, byRun: event.run } }, seen };
    }
    seen.push(event);
    const to = event.to ?? next.to;
    const outcome = outcomeOf(event, to);
    next = { ...next, lastState: event.state, to, outcome };
    if (outcome !== undefined) break;
  }
  return { next, seen };
}

function outcomeOf(event: UpdateStateEvent, to: string | null): UpdateRunOutcome | undefined {
  const { run, state, from, reason } = event;
  if (state === 'confirmed') return { kind: 'updated', run, from, to: to ?? '' };
  if (state === 'failed' || state === 'rolled_back') return { kind: state, run, reason };
  if (state !== 'idle' || reason === null) return undefined;
  return reason === 'none_newer' ? { kind: 'none_newer', run } : { kind: 'failed', run, reason };
}
