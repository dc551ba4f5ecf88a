import type { UpdateStateEvent } from '@secure-esp/protocol';
import { isSimulatorError, type DeviceEvent } from '../../src/index.js';
import { boot } from '../../src/flash/bootloader.js';
import type { Slot } from '../../src/flash/layout.js';
import { flashOn, LAYOUT, type FlashDump } from './flash-dump.js';
import { readRecords } from './records.js';
import { checkResumeRecord } from './resume-record.js';
import { SETTINGS, type Scenario } from './scenario.js';

/** Looks at a device from outside, and at its flash whenever it is without power. */
export interface Witness {
  event(event: DeviceEvent): void;
  /** Power is gone. */
  powerLost(dump: FlashDump): void;
  /** The device restarts, or lost power: this flash must be fit for the next boot. */
  atRest(dump: FlashDump): void;
  readonly confirmed: boolean;
  /** The broker was told that the update is confirmed. */
  readonly announced: boolean;
  readonly boots: number;
  /** How often power went. */
  readonly losses: number;
  readonly offeredBoots: number;
  readonly lastState: UpdateStateEvent | undefined;
  /** Runs since the last boot that ended with `blocked`. */
  readonly refusals: number;
  readonly violations: readonly string[];
  violation(sentence: string): void;
}

export const createWitness = ({ running, offered, builds }: Scenario, granted: () => readonly string[]): Witness => {
  const violations: string[] = [];
  const violation = (sentence: string): void => void violations.push(sentence);
  const must = (holds: boolean, sentence: string): void => {
    if (!holds) violation(sentence);
  };
  const nameOf = (identity: string): string =>
    identity === offered.identity ? 'offered' : identity === running.identity ? 'running' : 'unknown';
  let confirmed = false;
  let announced = false;
  let bootCount = 0;
  let losses = 0;
  let offeredBoots = 0;
  let current = '';
  /** The offered image ran, and its end is not reported yet. */
  let owes = false;
  let spoken = true;
  let lastState: UpdateStateEvent | undefined;
  let refusals = 0;

  const booted = (identity: string): void => {
    bootCount += 1;
    current = nameOf(identity);
    spoken = false;
    refusals = 0;
    must(current !== 'unknown', `booted an image that nobody made, ${identity}`);
    must(current === 'offered' || !confirmed, 'a confirmed version reverted');
    if (current === 'offered') {
      offeredBoots += 1;
      owes = true;
    }
  };
  const updateState = (state: UpdateStateEvent): void => {
    must(state.run >= (lastState?.run ?? 0), `run ${String(state.run)} follows run ${String(lastState?.run)}`);
    // Until a new run begins, a device repeats how the last one ended.
    if (state.state === 'confirmed' && (current === 'offered' || state.to !== running.version)) {
      must(current === 'offered' && state.to === offered.version, 'confirmed is said of a version that does not run');
      must(state.from === running.version, `confirmed is said of an update from ${state.from}`);
      must(confirmed, 'confirmed is said before it is durable');
      announced = true;
    }
    if (current === 'running' && !spoken && owes) {
      // Unless another run has ended since, while the broker could not be reached.
      const told = state.state === 'rolled_back' || state.run > (lastState?.run ?? 0);
      must(told, `after a rollback, ${state.state} is said first`);
      owes = false;
    }
    if (state.state === 'failed' && state.reason === 'blocked') refusals += 1;
    spoken = true;
    lastState = state;
  };
  return {
    event(event) {
      if (event.type === 'booted') booted(event.identity);
      else if (event.type === 'confirmed') confirmed = true;
      else if (event.type === 'updateState') updateState(event.update);
      else if (event.type === 'failed' && !(isSimulatorError(event.error) && event.error.code === 'power_cut')) {
        violation(`the device failed: ${event.error.message}`);
      }
    },
    powerLost(dump) {
      losses += 1;
      this.atRest(dump);
    },
    atRest(dump) {
      let boots: { readonly slot: Slot; readonly identity: string };
      try {
        const { slot, identity, state } = boot(flashOn(dump.slice()), LAYOUT);
        boots = { slot, identity: Buffer.from(identity).toString('hex') };
        const found = nameOf(boots.identity);
        must(found !== 'unknown', 'the next boot is of an image that nobody made');
        // It may be done before the device can say so.
        if (found === 'offered' && state === 'valid') confirmed = true;
        must(found === 'offered' || !confirmed, 'a confirmed version would revert');
      } catch (error) {
        violation(`no image can be booted: ${error instanceof Error ? error.message : String(error)}`);
        return;
      }
      const records = readRecords(dump);
      for (const { key, leaf, value } of SETTINGS) {
        const stored = records.get(key);
        const text = stored === undefined ? undefined : Buffer.from(stored).toString('utf8');
        must(text === undefined || text === value, `setting ${key} is neither old nor new: ${String(text)}`);
        must(text === value || !granted().includes(leaf), `setting ${key} was promised and is lost`);
      }
      const resume = records.get('resume');
      if (resume !== undefined) checkResumeRecord(dump, resume, boots, builds, must);
    },
    get confirmed() {
      return confirmed;
    },
    get announced() {
      return announced;
    },
    get boots() {
      return bootCount;
    },
    get losses() {
      return losses;
    },
    get offeredBoots() {
      return offeredBoots;
    },
    get lastState() {
      return lastState;
    },
    get refusals() {
      return refusals;
    },
    violations,
    violation,
  };
};
