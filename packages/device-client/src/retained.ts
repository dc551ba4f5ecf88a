import { topicOf, type Protocol } from '@secure-esp/protocol';
import { publishOnce } from './commands/command-sender.js';
import { createDeferred } from './deferred.js';
import type { Timers } from './environment.js';
import { DeviceClientError } from './errors.js';
import type { Connection } from './mqtt/connection.js';
import type { SubscriptionRouter } from './router.js';
import { startWait, type WaitOptions } from './wait.js';

export interface RetainedContext {
  readonly protocol: Protocol;
  readonly router: SubscriptionRouter;
  readonly connection: Connection;
  readonly timers: Timers;
  readonly retainedGraceMs: number;
  readonly commandDeadlineMs: number;
}

/** The value that the broker holds for a device. Throws `not_reported` if it holds none, or one that the contract refuses. */
export async function readRetained(
  context: RetainedContext,
  device: string,
  leaf: string,
  options: WaitOptions = {},
): Promise<unknown> {
  const { protocol, router, connection, timers, retainedGraceMs, commandDeadlineMs } = context;
  const topic = protocol.topics[leaf];
  if (topic?.direction !== 'event' || !topic.retain || !topic.scopes.includes('device')) {
    throw new DeviceClientError('invalid_argument', `${leaf}: this contract has no such retained event of a device`);
  }
  const { signal, deadlineMs = commandDeadlineMs } = options;
  const what = `${leaf} of ${device}`;
  const value = createDeferred<unknown>();
  const wait = startWait({ timers, deadlineMs, what, signal, lifetime: connection.lifetime });
  const listening = router.listen(
    leaf,
    { device },
    {
      deliver: ({ payload }) => {
        const result = payload.length === 0 ? undefined : protocol.codecs[leaf]?.decode(payload);
        if (result?.ok === true) value.resolve(result.value);
        else value.reject(notReported(what, result?.detail ?? 'it was deleted'));
      },
      failed: (error) => {
        value.reject(error);
      },
    },
  );
  let grace: unknown;
  const read = async (): Promise<unknown> => {
    await Promise.race([value.promise, listening.ready()]);
    timers.clearTimeout(grace);
    grace = timers.setTimeout(() => {
      value.reject(notReported(what, 'the broker holds none'));
    }, retainedGraceMs);
    return value.promise;
  };
  try {
    return (await connection.withLink(what, wait, read)).value;
  } finally {
    timers.clearTimeout(grace);
    listening.close();
    wait.dispose();
  }
}

/** Deletes a device's retained values: an empty retained message is how MQTT deletes one (MQTT 5, 3.3.1.3). */
export async function forgetDevice(context: RetainedContext, device: string, options: WaitOptions = {}): Promise<void> {
  const { protocol, connection, timers, commandDeadlineMs } = context;
  const { signal, deadlineMs = commandDeadlineMs } = options;
  const what = `forgetting ${device}`;
  const wait = startWait({ timers, deadlineMs, what, signal, lifetime: connection.lifetime });
  try {
    const { link } = await connection.withLink(what, wait, () => Promise.resolve());
    for (const [leaf, topic] of Object.entries(protocol.topics)) {
      if (topic.direction !== 'event' || !topic.retain || !topic.scopes.includes('device')) continue;
      const message = { topic: topicOf(protocol, leaf, { scope: 'device', device }), payload: new Uint8Array() };
      await publishOnce(link, { ...message, qos: 1, retain: true }, wait, what);
    }
  } finally {
    wait.dispose();
  }
}

const notReported = (what: string, why: string): DeviceClientError =>
  new DeviceClientError('not_reported', `${what}: no value (${why})`);
