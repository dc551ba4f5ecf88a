import type { MqttClient } from 'mqtt';
import { asBuffer } from '../bytes.js';
import { Chain } from '../chain.js';
import { createDeferred, type Deferred } from '../deferred.js';
import { DeviceClientError } from '../errors.js';
import { startWait } from '../wait.js';
import { toPublishOptions } from './client-options.js';
import type { Link, LinkEnd, LinkOptions } from './link.js';
import { failOperation, toRefusal } from './refusal.js';

/** Time for DISCONNECT to leave before the socket is destroyed. */
const GOODBYE_MS = 1_000;

/** The link of a client that the broker has accepted. `ended` resolves when its connection is gone. */
export function createLink(mqtt: MqttClient, ended: Deferred<LinkEnd>, options: LinkOptions): Link {
  const outstanding = new Chain<(reason: LinkEnd) => void>();
  const idle = new Set<() => void>();
  let endReason: LinkEnd | undefined;
  const end = (reason: LinkEnd): void => {
    endReason ??= reason;
    ended.resolve(endReason);
    for (const fail of outstanding.values()) fail(endReason);
  };
  void ended.promise.then(end);
  const kill = (reason: LinkEnd): void => {
    end(reason);
    mqtt.end(true);
  };
  const over = (place: Parameters<typeof outstanding.remove>[0]): void => {
    outstanding.remove(place);
    if (outstanding.empty) for (const wake of idle) wake();
  };
  // mqtt.js leaves publishes unsettled when the connection goes.
  const orEnd = async <T>(promise: Promise<T>): Promise<T> => {
    const failure = createDeferred<never>();
    if (endReason !== undefined) failure.reject(endReason);
    const place = outstanding.add((reason) => {
      failure.reject(reason);
    });
    try {
      return await Promise.race([failure.promise, promise]);
    } finally {
      over(place);
    }
  };
  const acknowledged = async <T>(what: string, promise: Promise<T>): Promise<T> => {
    const wait = startWait({ timers: options.timers, deadlineMs: options.ackDeadlineMs, what });
    try {
      return await wait.race(orEnd(promise));
    } catch (error) {
      if (error instanceof DeviceClientError && error.code === 'deadline') kill(error);
      throw error;
    } finally {
      wait.dispose();
    }
  };

  return {
    ended: ended.promise,
    get endReason() {
      return endReason;
    },
    kill,
    during: orEnd,
    quiet: async () => {
      if (outstanding.empty) return;
      const quiet = createDeferred<undefined>();
      const wake = (): void => {
        quiet.resolve(undefined);
      };
      idle.add(wake);
      await quiet.promise;
      idle.delete(wake);
    },
    // One promise and no race: this is done for every command.
    publish: (message) =>
      new Promise((resolve, reject) => {
        if (endReason !== undefined) {
          reject(endReason);
          return;
        }
        const place = outstanding.add(reject);
        mqtt.publish(message.topic, asBuffer(message.payload), toPublishOptions(message), (error) => {
          const refusal = error ? toRefusal(message.topic, error) : undefined;
          // Any other error is the connection's end, which comes by itself.
          if (error && refusal === undefined) return;
          over(place);
          if (refusal === undefined) resolve();
          else reject(refusal);
        });
      }),
    subscribe: async (filter, qos, { id, stored = true } = {}) => {
      const properties = id === undefined ? {} : { properties: { subscriptionIdentifier: id } };
      const granted = mqtt.subscribeAsync(filter, { qos, rh: stored ? 0 : 2, ...properties });
      await acknowledged(
        `subscribing to ${filter}`,
        granted.catch((error: unknown) => failOperation(filter, error)),
      );
    },
    unsubscribe: async (filter) => {
      const done = mqtt.unsubscribeAsync(filter);
      await acknowledged(
        `unsubscribing from ${filter}`,
        done.catch((error: unknown) => failOperation(filter, error)),
      );
    },
    close: async () => {
      // mqtt.js says goodbye only once nothing is outstanding, and an unacknowledged publish may be for ever.
      for (const id of Object.keys(mqtt.outgoing)) mqtt.removeOutgoingMessage(Number(id));
      mqtt.end(false);
      const timer = options.timers.setTimeout(() => mqtt.stream.destroy(), GOODBYE_MS);
      await ended.promise;
      options.timers.clearTimeout(timer);
    },
  };
}
