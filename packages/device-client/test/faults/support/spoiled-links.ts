import { createDeferred } from '../../../src/deferred.js';
import { systemTimers, type Timers } from '../../../src/environment.js';
import { DeviceClientError } from '../../../src/errors.js';
import { openLink, type Link, type OutgoingMessage } from '../../../src/mqtt/link.js';

type OpenLink = typeof openLink;

const never = <T>(): Promise<T> => new Promise<T>(() => undefined);

/** Sends again on the next connection what was not acknowledged on the last, as MQTT clients with a session store do. */
export function resendingLinks(): OpenLink {
  const unacknowledged = new Set<OutgoingMessage>();
  return async (options) => {
    const link = await openLink(options);
    for (const message of unacknowledged) void link.publish(message).catch(() => undefined);
    return spoil(link, {
      publish: async (message) => {
        unacknowledged.add(message);
        await link.publish(message);
        unacknowledged.delete(message);
      },
    });
  };
}

/** Leaves publishes open when the connection goes, as mqtt.js does. */
export const unsettledLinks: OpenLink = async (options) => {
  const link = await openLink(options);
  return spoil(link, {
    publish: (message) =>
      link.publish(message).catch((error: unknown) => {
        if (link.endReason === undefined) throw error;
        return never();
      }),
  });
};

/** Does not notice its end. */
export const deafLinks: OpenLink = async (options) => spoil(await openLink(options), { ended: never() });

/** Says that it is closed and stays open. */
export const leakingLinks: OpenLink = async (options) => {
  const link = await openLink(options);
  const ended = createDeferred<Awaited<Link['ended']>>();
  void link.ended.then((reason) => {
    ended.resolve(reason);
  });
  return spoil(link, {
    ended: ended.promise,
    close: () => {
      ended.resolve(new DeviceClientError('closed', 'so it says'));
      return Promise.resolve();
    },
  });
};

/** Does not subscribe to replies, and says that it has. */
export const forgetfulLinks: OpenLink = async (options) => {
  const link = await openLink(options);
  let first = true;
  return spoil(link, {
    subscribe: async (filter, qos) => {
      // The first subscription is the one to replies.
      if (!first) await link.subscribe(filter, qos);
      first = false;
    },
  });
};

/** Deadlines that never come. */
export const lostTimers: Timers = {
  ...systemTimers,
  setTimeout: (callback, delayMs) => (delayMs < 1_000 ? systemTimers.setTimeout(callback, delayMs) : undefined),
};

function spoil(link: Link, changed: Partial<Link>): Link {
  return {
    ended: link.ended,
    get endReason() {
      return link.endReason;
    },
    during: (promise) => link.during(promise),
    quiet: () => link.quiet(),
    publish: (message) => link.publish(message),
    subscribe: (filter, qos) => link.subscribe(filter, qos),
    unsubscribe: (filter) => link.unsubscribe(filter),
    kill: (reason) => {
      link.kill(reason);
    },
    close: () => link.close(),
    ...changed,
  };
}
