import type { Clock, Logger, RandomBytes, Timers } from '../environment.js';
import type { DeviceClientError } from '../errors.js';
import type { BackoffOptions } from './backoff.js';
import type { IncomingMessage, Link, LinkOptions, openLink } from './link.js';
import type { OfflineQueueOptions } from './offline-queue.js';

/** What happens to the connection. */
export type ConnectionChange =
  | { readonly state: 'connected' }
  | {
      readonly state: 'reconnecting';
      /** Why the connection was lost, or the last attempt failed. */
      readonly error: DeviceClientError;
      /** Failed attempts since the loss. */
      readonly attempt: number;
      /** The next attempt starts after this many milliseconds. */
      readonly retryInMs: number;
    }
  | { readonly state: 'closed' };

export interface ConnectionOptions {
  readonly link: Omit<LinkOptions, 'signal' | 'lifetime'>;
  readonly backoff: BackoffOptions;
  /** Default: calls without a connection fail at once. */
  readonly offlineQueue: OfflineQueueOptions | undefined;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: RandomBytes;
  readonly logger: Logger;
  /** Called for every link before anybody else may use it. */
  readonly onLink: (link: Link) => void;
  readonly onLinkLost: () => void;
  /** True for messages that come on one link only, even while two are open (shared subscriptions). */
  readonly takeFromAll: (message: IncomingMessage) => boolean;
  /** Resolves when the current link has all subscriptions. */
  readonly subscribed: () => Promise<unknown>;
  readonly onChange: ((change: ConnectionChange) => void) | undefined;
  /** Default: {@link openLink}. Replaced by tests that prove that the fault tests notice a bad link. */
  readonly openLink?: typeof openLink | undefined;
}
