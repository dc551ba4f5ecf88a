import type { Clock, Logger, RandomBytes, Timers } from '../environment.js';
import { DeviceClientError } from '../errors.js';
import { Lifetime } from '../lifetime.js';
import { startWait, type Wait } from '../wait.js';
import { backoffDelayMs, type BackoffOptions } from './backoff.js';
import { openLink, type IncomingMessage, type Link, type LinkOptions, type TlsSource } from './link.js';
import { Merge } from './merge.js';
import { OfflineQueue, type OfflineQueueOptions } from './offline-queue.js';

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

/** A link that lived this long was a good one: the next loss starts over with the shortest delay. */
const STABLE_AFTER_MS = 10_000;

/** How long two links may take to bring the same events: one has what was sent before the other had subscribed. */
const LEVEL_MS = 1_000;

/** Whose messages come in; one per link. */
type Feed = object;

/** Keeps one link open until it is closed. */
export class Connection {
  readonly #options: ConnectionOptions;
  /** Ended by {@link close}. */
  readonly lifetime = new Lifetime();
  readonly #queue: OfflineQueue | undefined;
  #link: Link | undefined;
  /** The link that {@link reload} is replacing. */
  #leaving: Link | undefined;
  #feed: Feed = {};
  /** While two links are open. */
  #merging: { readonly merge: Merge; readonly next: Feed } | undefined;
  #tls: TlsSource | undefined;
  /** Counts replaced identities. */
  #generation = 0;
  #lastError: DeviceClientError | undefined;
  #retryNow = (): void => undefined;
  #keeper: Promise<void> = Promise.resolve();
  #reloading: Promise<void> = Promise.resolve();

  constructor(options: ConnectionOptions) {
    const { offlineQueue, timers, link } = options;
    this.#options = options;
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
      this.#deliver(feed, message);
    };
    const link = await open({ ...options, clientId, tls, onMessage, signal, lifetime: this.lifetime });
    return { link, feed, generation };
  }

  /**
   * While two links are open, every event comes twice. Replies and retained values are told apart by those who take them;
   * of the rest the first copy counts.
   */
  #deliver(feed: Feed, message: IncomingMessage): void {
    if (this.#merging === undefined) {
      if (feed === this.#feed || this.#isToldApart(message)) this.#options.link.onMessage(message);
      return;
    }
    const { merge, next } = this.#merging;
    const side = feed === this.#feed ? 'old' : feed === next ? 'new' : undefined;
    if (this.#isToldApart(message) || (side !== undefined && merge.isFirst(message, side))) {
      this.#options.link.onMessage(message);
    }
    merge.checkLevel();
  }

  #isToldApart(message: IncomingMessage): boolean {
    return message.retained || message.correlationData !== undefined || this.#options.takeFromAll(message);
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
    const previous = this.#feed;
    this.#leaving = old;
    this.#link = next.link;
    const merge = new Merge();
    this.#merging = { merge, next: next.feed };
    const takeOver = (): void => {
      this.#merging = undefined;
      // Unless the new one has been lost meanwhile, and another is there.
      if (this.#feed === previous) this.#feed = next.feed;
    };
    void old.ended.then(takeOver);
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
    await this.#leveled(merge, takeOver);
    await old.close();
    this.#leaving = undefined;
  }

  /** Takes over once both links have brought the same, or one of them had what the other never gets. */
  async #leveled(merge: Merge, takeOver: () => void): Promise<void> {
    const { timers } = this.#options;
    const wait = startWait({ timers, deadlineMs: LEVEL_MS, what: 'merging', lifetime: this.lifetime });
    try {
      await wait.race(
        new Promise<void>((resolve) => {
          merge.whenLevel(() => {
            takeOver();
            resolve();
          });
        }),
      );
    } catch {
      takeOver();
    } finally {
      wait.dispose();
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
    this.#feed = feed;
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
