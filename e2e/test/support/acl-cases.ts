import type { BrokerKind } from './acl-brokers.js';
import { plusMeetsEmptyLevel } from './acl-topics.js';

/** Where a broker is known not to do what the policy says. Every other case must come out as derived, on both brokers. */
export const DIFFERENCES: readonly {
  readonly broker: BrokerKind;
  readonly reason: string;
  readonly covers: (key: string) => boolean;
  readonly outcome: string;
}[] = [
  {
    broker: 'embedded',
    reason: 'aedes 2.0.0-beta.1 has no shared subscriptions: it says so in CONNACK, and in SUBACK with 158',
    covers: (key) => key.startsWith('subscribe to $share/'),
    outcome: 'SUBACK 158',
  },
  {
    broker: 'embedded',
    reason: 'so nothing is delivered through them',
    covers: (key) => key.startsWith('receive live through $share/'),
    outcome: 'nothing',
  },
  {
    broker: 'embedded',
    reason: 'in the retained store of aedes 2.0.0-beta.1, `+` does not stand for an empty level',
    covers(key) {
      const [, filter = '', topic = ''] = /^receive retained through (\S+), [^,]*, (.*)$/.exec(key) ?? [];
      return !filter.startsWith('$share/') && plusMeetsEmptyLevel(filter, topic);
    },
    outcome: 'nothing',
  },
];

/** One cell: what the policy derives, and what a broker did. */
interface Case {
  readonly expected: string;
  readonly actual: string;
}

/** The cells of one contract on one broker, by their name. */
export class CaseTable {
  readonly #cases = new Map<string, Case>();

  record(key: string, expected: string, actual: string): void {
    if (this.#cases.has(key)) throw new Error(`two cases have one name: ${key}`);
    this.#cases.set(key, { expected, actual });
  }

  /** What each case came out as. */
  outcomes(): ReadonlyMap<string, string> {
    return new Map([...this.#cases].map(([key, { actual }]) => [key, actual]));
  }

  /** Number of cases whose name begins so, and how many of them are allowed by the policy. */
  count(prefix: string): { cases: number; allowed: number } {
    const found = [...this.#cases].filter(([key]) => key.startsWith(prefix));
    return { cases: found.length, allowed: found.filter(([, { expected }]) => !DENIED.has(expected)).length };
  }

  /** Cases with a name that begins so and came out otherwise than derived, without the known differences. */
  wrong(kind: BrokerKind, prefix: RegExp): string[] {
    return [...this.#cases]
      .filter(([key, { expected, actual }]) => prefix.test(key) && actual !== expected && !isKnown(kind, key, actual))
      .map(([key, { expected, actual }]) => `${key}: expected ${expected}, got ${actual}`);
  }
}

/** Outcomes of what is denied. */
const DENIED: ReadonlySet<string> = new Set(['nothing', 'nothing, 135', 'kept', 'kept, 135', 'refused']);

const isKnown = (kind: BrokerKind, key: string, actual: string): boolean =>
  DIFFERENCES.some(({ broker, covers, outcome }) => broker === kind && covers(key) && outcome === actual);
