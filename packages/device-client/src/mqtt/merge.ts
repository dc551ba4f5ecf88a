import type { IncomingMessage } from './link.js';

const latin1 = new TextDecoder('latin1');

/** What only one of the links has brought of a topic so far, oldest first. */
interface Lead {
  readonly side: 'old' | 'new';
  readonly payloads: string[];
}

/**
 * Makes one stream of the messages of two links that have the same subscriptions for a while: of the two copies of a
 * message the one that comes first counts. Both links bring a topic's messages in the same order, but the old one alone
 * those that were sent before the new one had subscribed. A line that repeats one of those may be taken for it.
 */
export class Merge {
  readonly #leads = new Map<string, Lead>();
  #onLevel: (() => void) | undefined;

  /** True for the first copy. */
  isFirst(message: IncomingMessage, side: 'old' | 'new'): boolean {
    const payload = latin1.decode(message.payload);
    const lead = this.#leads.get(message.topic);
    if (lead?.side === side) {
      lead.payloads.push(payload);
      return true;
    }
    const index = lead?.payloads.indexOf(payload) ?? -1;
    if (lead !== undefined && index !== -1) {
      // What was before it never comes on this side.
      lead.payloads.splice(0, index + 1);
      if (lead.payloads.length === 0) this.#leads.delete(message.topic);
      return false;
    }
    if (lead === undefined || side === 'new') this.#leads.set(message.topic, { side, payloads: [payload] });
    return true;
  }

  /** Calls back as soon as the old link may be left: the new one has brought everything that the old one had. */
  whenLevel(callback: () => void): void {
    this.#onLevel = callback;
    this.checkLevel();
  }

  /** To be called after each message was taken. */
  checkLevel(): void {
    if (this.#onLevel === undefined) return;
    for (const { side } of this.#leads.values()) if (side === 'old') return;
    this.#onLevel();
  }
}
