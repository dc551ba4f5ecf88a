import type { FlashDump } from './flash-dump.js';
import { readRecords } from './records.js';
import { SETTINGS, type Scenario } from './scenario.js';
import type { Witness } from './witness.js';

/** Where a device must get to, and what must hold there. */
export interface Goal {
  /** Longest virtual time from the end of the last fault. */
  readonly boundMs: number;
  readonly reached: (witness: Witness, dump: FlashDump) => boolean;
  readonly check: (witness: Witness, records: ReadonlyMap<string, Uint8Array>, scenario: Scenario) => void;
}

const MINUTE_MS = 60_000;
const hex = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString('hex');
/** Behind the byte that tells the form of a record. */
const identityIn = (record: Uint8Array | undefined, at: number): string => hex(record?.subarray(1 + at, 33 + at));

const checkSettings = (
  witness: Witness,
  records: ReadonlyMap<string, Uint8Array>,
  { commands }: Pick<Scenario, 'commands'>,
): void => {
  for (const { key, leaf, value } of SETTINGS) {
    if (!commands.some((command) => command.leaf === leaf)) continue;
    if (Buffer.from(records.get(key) ?? []).toString('utf8') !== value) witness.violation(`setting ${key} is not new`);
  }
};
const checkAbsent = (witness: Witness, records: ReadonlyMap<string, Uint8Array>, keys: readonly string[]): void => {
  for (const key of keys) if (records.has(key)) witness.violation(`the record ${key} is left over`);
};

/** The offered version runs, is confirmed, and was said to be. An automatic check comes within 5 minutes of a boot. */
export const UPDATED: Goal = {
  boundMs: 10 * MINUTE_MS,
  reached: (witness, dump) => witness.announced && !readRecords(dump).has('pending'),
  check(witness, records, { offered, commands }) {
    checkSettings(witness, records, { commands });
    checkAbsent(witness, records, ['pending', 'attempts', 'blocked', 'resume']);
    const installed = records.get('installed');
    if (identityIn(installed, 0) !== offered.identity || !Buffer.from(installed ?? []).includes(offered.etag)) {
      witness.violation('the installed image is not on record with its entity tag');
    }
  },
};

/** Power was lost once, and is back. */
export const ALIVE: Goal = { boundMs: 10 * MINUTE_MS, reached: ({ losses }) => losses > 0, check: () => undefined };

/** The running version stays, and the offered one is refused again and again without being tried. */
export const REFUSED: Goal = {
  boundMs: 60 * MINUTE_MS,
  reached: (witness) => witness.refusals >= 3,
  check(witness, records, { offered, commands }) {
    checkSettings(witness, records, { commands });
    checkAbsent(witness, records, ['pending', 'resume']);
    if (witness.offeredBoots > witness.losses + 2) witness.violation('the bad image was tried too often');
    if (identityIn(records.get('blocked'), 0) !== offered.identity) witness.violation('the bad image is not blocked');
  },
};
