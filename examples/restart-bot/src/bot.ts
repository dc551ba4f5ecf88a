import { isDeviceClientError } from '@secure-esp/device-client';
import type { Ledger } from './ledger.js';
import type { Observer } from './observer.js';
import { judge, type Limits } from './rule.js';

export interface BotOptions {
  readonly observer: Observer;
  readonly ledger: Ledger;
  readonly limits: Limits;
  /** Sends the command; rejects if the device refuses or does not answer. */
  readonly restart: (device: string) => Promise<void>;
  /** False: only says what it would do. */
  readonly act: boolean;
  /** If more devices than these want a restart at one time, the fault is elsewhere, and none is restarted. */
  readonly atOnce: number;
  /** One line of the audit log. */
  readonly log: (entry: Readonly<Record<string, unknown>>) => void;
  readonly now: () => number;
}

const NOTHING = { do: 'nothing' };

/** Looks at every device once, one after the other. Says each verdict that is not "nothing" when it changes. */
export class Bot {
  readonly #options: BotOptions;
  readonly #said = new Map<string, string>();

  constructor(options: BotOptions) {
    this.#options = options;
  }

  async look(): Promise<void> {
    const { observer, ledger, limits, act, atOnce, now } = this.#options;
    const verdicts = [...observer.devices()].map(
      ([device, observed]) => [device, judge(observed, ledger.of(device), limits, now())] as const,
    );
    const wanted = verdicts.filter(([, verdict]) => verdict.do === 'restart').length;
    const tooMany = wanted > atOnce;
    this.#say('*', tooMany ? { do: 'look yourself', why: `${String(wanted)} devices are stuck at once` } : NOTHING);
    for (const [device, verdict] of verdicts) {
      if (verdict.do !== 'restart') this.#say(device, verdict);
      else if (act && !tooMany) await this.#restart(device, verdict.why);
      else this.#say(device, { ...verdict, do: 'would restart' });
    }
  }

  async #restart(device: string, why: string): Promise<void> {
    const { observer, ledger, restart, log, now } = this.#options;
    await ledger.add(device, now());
    this.#said.delete(device);
    const entry = { device, do: 'restart', why };
    try {
      await restart(device);
      observer.restarted(device);
      log({ ...entry, ok: true });
    } catch (error) {
      if (!isDeviceClientError(error)) throw error;
      log({ ...entry, ok: false, code: error.code });
    }
  }

  #say(device: string, verdict: Readonly<Record<string, unknown>>): void {
    const text = JSON.stringify(verdict);
    if (this.#said.get(device) === text) return;
    this.#said.set(device, text);
    if (verdict['do'] !== 'nothing') this.#options.log({ device, ...verdict });
  }
}
