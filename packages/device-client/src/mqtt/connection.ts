import { DeviceClientError } from '../errors.js';
import { Lifetime } from '../lifetime.js';
import { startWait, type Wait } from '../wait.js';
import { backoffDelayMs } from './backoff.js';
import type { ConnectionChange, ConnectionOptions } from './connection-options.js';
import { Feeds, type Feed } from './feeds.js';
import { openLink, type IncomingMessage, type Link, type TlsSource } from './link.js';
import { OfflineQueue } from './offline-queue.js';

/** A link that lived this long was a good one: the next loss starts over with the shortest delay. */
const STABLE_AFTER_MS = 10_000;

/** Keeps one link open until it is closed. */
export class Connection {
  readonly #options: ConnectionOptions;
  /** Ended by {@link close}. */
  readonly lifetime = new Lifetime();
  readonly #queue: OfflineQueue | undefined;
  #link: Link | undefined;
  /** The link that {@link reload} is replacing. */
  #leaving: Link | undefined;
  readonly #feeds: Feeds;
  #tls: TlsSource | undefined;
  /** Counts replaced identities. */
  #generation = 0;
  #lastError: DeviceClientError | undefined;
  #retryNow = (): void => undefined;
  #keeper: Promise<void> = Promise.resolve();
  #reloading: Promise<void> = Promise.resolve();

  constructor(options: ConnectionOptions) {
    const { offlineQueue, timers, link, takeFromAll } = options;
    this.#options = options;
    this.#feeds = new Feeds({ timers, lifetime: this.lifetime, onMessage: link.onMessage, takeFromAll });
    this.#tls = link.tls;
    this.#queue = offlineQueue === undefined ? undefined : new OfflineQueue(offlineQueue, timers);
  }

  /** The current link, `undefined` while there is none. */
  get link(): Link | undefined {
    return this.#link?.endReason === undefined ? this.#link : undefined;
  }

  /** Calls that wait for a connection. */
  get queued(): number {
    return this.#queue?.size ?? 0;
  }

  /**
   * Prepares a call on a link and resolves with both once `prepare` has; the link may have ended by then, see
   * {@link Link.endReason}. Nothing of the call may be sent by `prepare`: if the link is lost meanwhile, the call fails
   * with `unreachable`, or waits in the offline queue and is prepared again.
   */
  async withLink<T>(
    what: string,
    wait: Wait,
    prepare: (link: Link) => Promise<T>,
  ): Promise<{ readonly link: Link; readonly value: T }> {
    const since = this.#options.clock.now();
    for (;;) {
      const link = this.link ?? (await this.#nextLink(what, wait, since));
      if (link === undefined) continue;
      try {
        // The inner race is the one that ends with the patience: what is outstanding on a link is what a reload waits for.
        return { link, value: await link.during(wait.race(prepare(link))) };
      } catch (error) {
        if (link.endReason === undefined || error !== link.endReason) throw error;
      }
    }
  }

  /** Opens the first link; a failure here is the caller's, not retried. */
  async open(signal: AbortSignal | undefined): Promise<void> {
    const { link, feed } = await this.#open(signal);
    this.#adopt(link, feed);
    this.#keeper = this.#keep(link);
  }

  /** Uses another identity (or asks the same function again): see {@link Client.reload}. One at a time. */
  reload(tls: TlsSource | undefined, signal: AbortSignal | undefined): Promise<void> {
    const turn = this.#reloading.then(() => this.#reload(tls ?? this.#tls, signal));
    this.#reloading = turn.catch(() => undefined);
    return turn;
  }

  async close(): Promise<void> {
    if (!this.lifetime.ended) {
      this.lifetime.end();
      await Promise.all([this.#link?.close(), this.#leaving?.close()]);
      this.#notify({ state: 'closed' });
    }
    await this.#reloading;
    await this.#keeper;
  }

  /** Waits in the queue; `undefined` if the link came and went. */
  async #nextLink(what: string, wait: Wait, since: number): Promise<Link | undefined> {
    // An abort or `close` that came first is the better reason.
    await wait.race(Promise.resolve());
    if (this.#queue === undefined) {
      throw new DeviceClientError('unreachable', `${what}: not sent, there is no connection to the broker`, {
        // Of a link that ended in this very turn, nobody has been told yet.
        cause: this.#link?.endReason ?? this.#lastError,
      });
    }
    const place = this.#queue.enter(what, this.#options.clock.now() - since);
    try {
      await wait.race(place.admitted);
    } finally {
      place.leave();
    }
    return this.link;
  }

  async #open(signal?: AbortSignal, tls = this.#tls, generation = this.#generation): Promise<Opened> {
    const { link: options, openLink: open = openLink } = this.#options;
    const feed: Feed = {};
    // Two ids in turn: the broker would end the old link if the new one came with the same.
    const clientId = `${options.clientId}${generation % 2 === 0 ? '' : '-b'}`;
    const onMessage = (message: IncomingMessage): void => {
      this.#feeds.deliver(feed, message);
    };
    const link = await open({ ...options, clientId, tls, onMessage, signal, lifetime: this.lifetime });
    return { link, feed, generation };
  }

  async #keep(first: Link): Promise<void> {
    const { clock } = this.#options;
    let link: Link | undefined = first;
    let attempt = 0;
    while (link !== undefined) {
      const since = clock.now();
      const error = await link.ended;
      if (this.#link !== undefined && this.#link !== link) {
        link = this.#link;
        continue;
      }
      this.#drop(error);
      if (this.lifetime.ended) return;
      if (clock.now() - since >= STABLE_AFTER_MS) attempt = 0;
      ({ link, attempt } = await this.#reopen(error, attempt));
    }
  }

  async #reopen(loss: DeviceClientError, firstAttempt: number): Promise<{ link: Link | undefined; attempt: number }> {
    const { backoff, random } = this.#options;
    let error = loss;
    for (let attempt = firstAttempt; ; attempt += 1) {
      const retryInMs = backoffDelayMs(backoff, attempt, random);
      this.#notify({ state: 'reconnecting', error, attempt: attempt - firstAttempt, retryInMs });
      if (!(await this.#pause(retryInMs))) return { link: undefined, attempt };
      try {
        const opened = await this.#openNewest();
        this.#adopt(opened.link, opened.feed);
        return { link: opened.link, attempt: attempt + 1 };
      } catch (failure) {
        if (this.lifetime.ended) return { link: undefined, attempt };
        error =
          failure instanceof DeviceClientError
            ? failure
            : new DeviceClientError('unreachable', 'reconnecting failed', { cause: failure });
        this.#lastError = error;
      }
    }
  }

  /** A link with the identity of now: one that was replaced while it connected is not used. */
  async #openNewest(): Promise<Opened> {
    for (;;) {
      const opened = await this.#open();
      if (opened.generation === this.#generation && !this.lifetime.ended) return opened;
      await opened.link.close();
      if (this.lifetime.ended) throw new DeviceClientError('closed', 'the client was closed while it reconnected');
    }
  }

  async #reload(tls: TlsSource | undefined, signal: AbortSignal | undefined): Promise<void> {
    const old = this.link;
    const generation = this.#generation + 1;
    const next = old === undefined ? undefined : await this.#open(signal, tls, generation);
    if (this.lifetime.ended) {
      await next?.link.close();
      throw new DeviceClientError('closed', 'reload: the client is closed');
    }
    this.#tls = tls;
    this.#generation = generation;
    if (old === undefined || next === undefined || this.link !== old) {
      // No connection to replace (any more): the next one is made with it, now.
      await next?.link.close();
      this.#retryNow();
      return;
    }
    await this.#replace(old, next);
  }

  /** New calls take the new link at once; the old one stays until everything is subscribed and answered. */
  async #replace(old: Link, next: Opened): Promise<void> {
    const { timers, link: options, onLink, onLinkLost, subscribed } = this.#options;
    this.#leaving = old;
    this.#link = next.link;
    const merging = this.#feeds.merge(next.feed);
    void old.ended.then(merging.takeOver);
    onLinkLost();
    onLink(next.link);
    const wait = startWait({
      timers,
      deadlineMs: options.ackDeadlineMs,
      what: 'replacing the connection',
      lifetime: this.lifetime,
    });
    try {
      await wait.race(next.link.during(Promise.all([subscribed(), old.quiet()])));
    } catch (error) {
      // Whatever is not done by now is made up for by the new link, or by the one after it.
      if (!(error instanceof DeviceClientError)) throw error;
    } finally {
      wait.dispose();
    }
    await merging.leveled();
    await old.close();
    this.#leaving = undefined;
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
      await wait.race(
        new Promise<void>((resolve) => {
          this.#retryNow = resolve;
        }),
      );
      return true;
    } catch {
      return !this.lifetime.ended;
    } finally {
      this.#retryNow = () => undefined;
      wait.dispose();
    }
  }

  #adopt(link: Link, feed: Feed): void {
    this.#link = link;
    this.#feeds.use(feed);
    this.#options.onLink(link);
    this.#queue?.release();
    this.#notify({ state: 'connected' });
  }

  #drop(error: DeviceClientError): void {
    this.#link = undefined;
    this.#lastError = error;
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

interface Opened {
  readonly link: Link;
  readonly feed: Feed;
  readonly generation: number;
}
