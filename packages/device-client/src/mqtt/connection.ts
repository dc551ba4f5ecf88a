import { createDeferred, type Deferred } from '../deferred.js';
import type { Clock, Logger, RandomBytes, Timers } from '../environment.js';
import { DeviceClientError } from '../errors.js';
import { Lifetime } from '../lifetime.js';
import { startWait } from '../wait.js';
import { backoffDelayMs, type BackoffOptions } from './backoff.js';
import { openLink, type Link, type LinkOptions } from './link.js';

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
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: RandomBytes;
  readonly logger: Logger;
  /** Called for every link before anybody else may use it. */
  readonly onLink: (link: Link) => void;
  readonly onLinkLost: () => void;
  readonly onChange: ((change: ConnectionChange) => void) | undefined;
}

/** A link that lived this long was a good one: the next loss starts over with the shortest delay. */
const STABLE_AFTER_MS = 10_000;

/** Keeps one link open until it is closed. */
export class Connection {
  readonly #options: ConnectionOptions;
  /** Ended by {@link close}. */
  readonly lifetime = new Lifetime();
  #linked: Deferred<Link> = createDeferred();
  #link: Link | undefined;
  #keeper: Promise<void> = Promise.resolve();

  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  get link(): Link | undefined {
    return this.#link;
  }

  /** The current link, or the next. */
  linked(): Promise<Link> {
    return this.#linked.promise;
  }

  /** Opens the first link; a failure here is the caller's, not retried. */
  async open(signal: AbortSignal | undefined): Promise<void> {
    const link = await openLink({ ...this.#options.link, signal, lifetime: this.lifetime });
    this.#adopt(link);
    this.#keeper = this.#keep(link);
  }

  async close(): Promise<void> {
    if (!this.lifetime.ended) {
      this.lifetime.end();
      await this.#link?.close();
      this.#notify({ state: 'closed' });
    }
    await this.#keeper;
  }

  async #keep(first: Link): Promise<void> {
    const { clock } = this.#options;
    let link: Link | undefined = first;
    let attempt = 0;
    while (link !== undefined) {
      const since = clock.now();
      const error = await link.ended;
      this.#drop();
      if (this.lifetime.ended) return;
      if (clock.now() - since >= STABLE_AFTER_MS) attempt = 0;
      ({ link, attempt } = await this.#reopen(error, attempt));
    }
  }

  async #reopen(loss: DeviceClientError, firstAttempt: number): Promise<{ link: Link | undefined; attempt: number }> {
    const { backoff, random, link: linkOptions } = this.#options;
    let error = loss;
    for (let attempt = firstAttempt; ; attempt += 1) {
      const retryInMs = backoffDelayMs(backoff, attempt, random);
      this.#notify({ state: 'reconnecting', error, attempt: attempt - firstAttempt, retryInMs });
      if (!(await this.#pause(retryInMs))) return { link: undefined, attempt };
      try {
        const link = await openLink({ ...linkOptions, lifetime: this.lifetime });
        this.#adopt(link);
        return { link, attempt: attempt + 1 };
      } catch (failure) {
        if (this.lifetime.ended) return { link: undefined, attempt };
        error =
          failure instanceof DeviceClientError
            ? failure
            : new DeviceClientError('unreachable', 'reconnecting failed', { cause: failure });
      }
    }
  }

  /** False if the client was closed meanwhile. */
  async #pause(delayMs: number): Promise<boolean> {
    const wait = startWait({
      timers: this.#options.timers,
      deadlineMs: delayMs,
      what: 'reconnect delay',
      lifetime: this.lifetime,
    });
    try {
      await wait.race(new Promise<never>(() => undefined));
      return true;
    } catch {
      return !this.lifetime.ended;
    } finally {
      wait.dispose();
    }
  }

  #adopt(link: Link): void {
    this.#link = link;
    this.#options.onLink(link);
    this.#linked.resolve(link);
    this.#notify({ state: 'connected' });
  }

  #drop(): void {
    this.#link = undefined;
    this.#linked = createDeferred();
    this.#options.onLinkLost();
  }

  #notify(change: ConnectionChange): void {
    try {
      this.#options.onChange?.(change);
    } catch (error) {
      this.#options.logger.warn('onConnectionChange threw', error);
    }
  }
}
