import { UPDATE_STATES, type Protocol, type UpdateStateEvent } from '@secure-esp/protocol';
import { createDeferred } from '../deferred.js';
import type { CommandSender } from '../commands/command-sender.js';
import type { Logger, Timers } from '../environment.js';
import { DeviceClientError, UpdateError } from '../errors.js';
import type { Connection } from '../mqtt/connection.js';
import type { Delivery, SubscriptionRouter } from '../router.js';
import { startWait } from '../wait.js';
import type { CommandOptions } from '../commands/command-sender.js';
import { toUpdateProgress, type UpdateProgress } from './update-progress.js';
import { advanceUpdateRun, newUpdateRun, type UpdateRunInput, type UpdateRunOutcome } from './update-run.js';

export const UPDATE_RUN_LEAF = 'update/run';
export const UPDATE_STATE_LEAF = 'update/state';

/** Download, reboot and confirmation of a megabyte over a slow link, with the device's own retries. */
export const UPDATE_DEADLINE_MS = 20 * 60_000;

export interface UpdateRunOptions extends CommandOptions {
  /** Called for every reported step of this run, in order. */
  readonly onProgress?: ((progress: UpdateProgress) => void) | undefined;
  /** For the whole run, milliseconds. Default 20 minutes. */
  readonly deadlineMs?: number | undefined;
}

/** A run that did not fail. */
export type UpdateResult =
  | { readonly updated: true; readonly run: number; readonly from: string; readonly to: string }
  | { readonly updated: false; readonly reason: 'none_newer' };

export interface UpdateRunner {
  readonly protocol: Protocol;
  readonly router: SubscriptionRouter;
  readonly sender: CommandSender;
  readonly timers: Timers;
  readonly logger: Logger;
  readonly connection: Connection;
  readonly commandDeadlineMs: number;
  readonly onInvalid: (delivery: Delivery, code: string, detail: string) => void;
}

/**
 * Starts an update and follows that very run to its end, through the device's reboot and through reconnects of this
 * client (the state is retained: what was missed is delivered on return).
 */
export async function runUpdate(
  runner: UpdateRunner,
  device: string,
  options: UpdateRunOptions = {},
): Promise<UpdateResult> {
  const { timers, connection, commandDeadlineMs } = runner;
  const { signal, deadlineMs = UPDATE_DEADLINE_MS, requireOnline, onProgress } = options;
  const ended = createDeferred<UpdateRunOutcome>();
  let run = newUpdateRun();
  const advance = (input: UpdateRunInput): void => {
    const { next, seen } = advanceUpdateRun(run, input);
    run = next;
    for (const event of seen) report(runner.logger, onProgress, event);
    if (run.outcome !== undefined) ended.resolve(run.outcome);
  };

  const wait = startWait({ timers, deadlineMs, what: `update of ${device}`, signal, lifetime: connection.lifetime });
  const listening = runner.router.listen(
    UPDATE_STATE_LEAF,
    { device },
    {
      deliver: (delivery) => {
        const event = decodeState(runner, delivery);
        if (event !== undefined) advance({ type: 'state', event });
      },
      failed: (error) => {
        ended.reject(error);
      },
    },
  );
  try {
    await connection.withLink(`update of ${device}`, wait, () => listening.ready());
    const patience = { signal, requireOnline, deadlineMs: Math.min(commandDeadlineMs, deadlineMs) };
    const reply = await runner.sender.send(device, UPDATE_RUN_LEAF, undefined, patience);
    advance({ type: 'started', run: runOf(device, reply) });
    return toResult(device, await wait.race(ended.promise), run.lastState);
  } catch (error) {
    throw run.run !== undefined && error instanceof DeviceClientError && error.code === 'deadline'
      ? new UpdateError(
          'deadline',
          `update of ${device}: run ${String(run.run)} did not end within ${String(deadlineMs)} ms`,
          { device, run: run.run, reason: null, lastState: run.lastState },
          { cause: error },
        )
      : error;
  } finally {
    listening.close();
    wait.dispose();
  }
}

function report(logger: Logger, onProgress: UpdateRunOptions['onProgress'], event: UpdateStateEvent): void {
  try {
    onProgress?.(toUpdateProgress(event));
  } catch (error) {
    logger.warn('onProgress threw', error);
  }
}

function runOf(device: string, reply: unknown): number {
  const { run } = Object(reply) as { run?: unknown };
  if (typeof run === 'number') return run;
  throw new DeviceClientError('invalid_reply', `update of ${device}: the reply names no run`);
}

function toResult(device: string, outcome: UpdateRunOutcome, lastState: UpdateError['lastState']): UpdateResult {
  const { run } = outcome;
  if (outcome.kind === 'updated') return { updated: true, run, from: outcome.from, to: outcome.to };
  if (outcome.kind === 'none_newer') return { updated: false, reason: 'none_newer' };
  if (outcome.kind === 'superseded') {
    const message = `update of ${device}: run ${String(run)} was overtaken by run ${String(outcome.byRun)} before its end was seen`;
    throw new UpdateError('superseded', message, { device, run, reason: null, lastState });
  }
  const { kind, reason } = outcome;
  const words = kind === 'failed' ? 'failed' : 'was rolled back';
  throw new UpdateError(kind, `update of ${device}: run ${String(run)} ${words} (${reason ?? 'no reason given'})`, {
    device,
    run,
    reason,
    lastState,
  });
}

/** The event if it is one of secure-esp's: a contract may have redefined the leaf. */
function decodeState(runner: UpdateRunner, delivery: Delivery): UpdateStateEvent | undefined {
  if (delivery.payload.length === 0) return undefined;
  const result = runner.protocol.codecs[UPDATE_STATE_LEAF]?.decode(delivery.payload);
  if (result?.ok === true && isUpdateState(result.value)) return result.value;
  if (result?.ok === false) runner.onInvalid(delivery, result.code, result.detail);
  return undefined;
}

const isUpdateState = (value: unknown): value is UpdateStateEvent => {
  const { run, state } = Object(value) as { run?: unknown; state?: unknown };
  return typeof run === 'number' && (UPDATE_STATES as readonly unknown[]).includes(state);
};
