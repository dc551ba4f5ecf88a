import type { Timers } from '../environment.js';
import type { Lifetime } from '../lifetime.js';
import { startWait } from '../wait.js';
import type { IncomingMessage } from './link.js';
import { Merge } from './merge.js';

/** Whose messages come in; one per link. */
export type Feed = object;

export interface FeedsOptions {
  readonly timers: Timers;
  readonly lifetime: Lifetime;
  readonly onMessage: (message: IncomingMessage) => void;
  /** True for messages that come on one link only, even while two are open (shared subscriptions). */
  readonly takeFromAll: (message: IncomingMessage) => boolean;
}

/** One link is replaced by another. */
export interface Merging {
  /** From now on only the new link counts. Idempotent. */
  readonly takeOver: () => void;
  /** Takes over once both links have brought the same, or one of them had what the other never gets. */
  leveled(): Promise<void>;
}

/** How long two links may take to bring the same events: one has what was sent before the other had subscribed. */
const LEVEL_MS = 1_000;

/** Makes one stream of the messages of the current link and of the one that replaces it. */
export class Feeds {
  readonly #options: FeedsOptions;
  #current: Feed = {};
  /** While two links are open. */
  #merging: { readonly merge: Merge; readonly next: Feed } | undefined;

  constructor(options: FeedsOptions) {
    this.#options = options;
  }

  /** This link alone counts. */
  use(feed: Feed): void {
    this.#current = feed;
  }

  /**
   * While two links are open, every event comes twice. Replies and retained values are told apart by those who take them;
   * of the rest the first copy counts.
   */
  deliver(feed: Feed, message: IncomingMessage): void {
    const { onMessage } = this.#options;
    if (this.#merging === undefined) {
      if (feed === this.#current || this.#isToldApart(message)) onMessage(message);
      return;
    }
    const { merge, next } = this.#merging;
    const side = feed === this.#current ? 'old' : feed === next ? 'new' : undefined;
    if (this.#isToldApart(message) || (side !== undefined && merge.isFirst(message, side))) onMessage(message);
    merge.checkLevel();
  }

  /** `next` begins to bring messages, too, and takes the current link's place. */
  merge(next: Feed): Merging {
    const previous = this.#current;
    const merge = new Merge();
    this.#merging = { merge, next };
    const takeOver = (): void => {
      if (this.#merging?.merge === merge) this.#merging = undefined;
      // Unless the new one has been lost meanwhile, and another is there.
      if (this.#current === previous) this.#current = next;
    };
    return { takeOver, leveled: () => this.#leveled(merge, takeOver) };
  }

  #isToldApart(message: IncomingMessage): boolean {
    return message.retained || message.correlationData !== undefined || this.#options.takeFromAll(message);
  }

  async #leveled(merge: Merge, takeOver: () => void): Promise<void> {
    const { timers, lifetime } = this.#options;
    const wait = startWait({ timers, deadlineMs: LEVEL_MS, what: 'merging', lifetime });
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
}
