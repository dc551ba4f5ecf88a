import { factsOf } from '../../errors.js';
import { fail, type Check, type CheckResult, type DoctorWorld } from './check.js';

/** For all that one check does, milliseconds: some look at several servers. */
const CHECK_DEADLINE_MS = 30_000;
const LATE = new Error('late');

/** Runs checks one after the other, in their order; each ends, whatever it meets. */
export async function* runChecks(checks: readonly Check[], world: DoctorWorld): AsyncGenerator<CheckResult> {
  const { signal } = world.context;
  for (const check of checks) {
    signal.throwIfAborted();
    yield* await runCheck(check, world);
  }
}

async function runCheck({ id, run }: Check, world: DoctorWorld): Promise<readonly CheckResult[]> {
  const { signal } = world.context;
  const stop = new AbortController();
  const ended = stop.signal;
  const timer = setTimeout(() => {
    stop.abort(LATE);
  }, CHECK_DEADLINE_MS);
  const onAbort = (): void => {
    stop.abort(signal.reason);
  };
  signal.addEventListener('abort', onAbort, { once: true });
  const interrupted = new Promise<never>((_resolve, reject) => {
    ended.addEventListener(
      'abort',
      () => {
        reject(ended.reason instanceof Error ? ended.reason : new Error('stopped'));
      },
      { once: true },
    );
  });
  try {
    return await Promise.race([run(world, ended), interrupted]);
  } catch (error) {
    signal.throwIfAborted();
    if (error === LATE)
      return [fail(id, `no answer within ${CHECK_DEADLINE_MS / 1000} s.`, 'Check the network and the disk.')];
    const { message, nextStep = 'Run again with --verbose, and correct what the message names.' } = factsOf(error);
    return [fail(id, message, nextStep)];
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  }
}
