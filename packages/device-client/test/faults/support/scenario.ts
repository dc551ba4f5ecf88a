import { getEventListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemTimers, type Timers } from '../../../src/environment.js';
import { FleetClient } from '../../../src/fleet-client.js';
import { isDeviceClientError, type Client } from '../../../src/index.js';
import type { openLink } from '../../../src/mqtt/link.js';
import { resolveOptions } from '../../../src/options.js';
import type { MosquittoTestBroker } from '../../fixtures/test-broker.js';
import { CountingDevice } from './counting-device.js';
import type { FaultContext, NetworkFault } from './network-faults.js';
import { startPacketProxy, type PacketProxy, type PassingPacket } from './packet-proxy.js';

/** Strikes before the packet of this index. */
export interface Strike {
  readonly fault: NetworkFault;
  readonly before: number;
}

export interface ScenarioOptions {
  readonly broker: MosquittoTestBroker;
  /** In order of `before`. None: the fault-free run. */
  readonly strikes?: readonly Strike[];
  /** Cuts connections before their nth packet, so many times. */
  readonly flap?: { readonly before: number; readonly times: number };
  /** Calls wait for the connection instead of failing at once. */
  readonly queue?: boolean;
  /** A client that a test of the tests has spoiled. */
  readonly openLink?: typeof openLink;
  readonly timers?: Timers;
  /** Longest wait for what has no deadline, such as a reconnect; beyond anything that works. Default 15 s. */
  readonly patienceMs?: number;
}

export interface ScenarioReport {
  /** What must not be. */
  readonly violations: readonly string[];
  /** Packets that passed, in order. */
  readonly packets: readonly string[];
  /** How each call ended, for the log of a failed run. */
  readonly outcomes: readonly string[];
}

export const DEADLINE_MS = 1_200;
const KEEP_ALIVE_SECONDS = 1;
/** From the last packet of the broker to the end of a half-open connection (see README, "Reconnecting"). */
const SILENCE_MS = KEEP_ALIVE_SECONDS * 1_500;
/** Time for DISCONNECT to leave, from `Link.close`. */
const GOODBYE_MS = 1_000;
/** Between a promise's deadline and the moment at which it counts as late. Timers of one loop fire in order. */
const MARGIN_MS = 100;
/** Between something that the kernel has to tell and the moment at which it counts as untold: processes compete. */
const KERNEL_MARGIN_MS = 5_000;

let scenarios = 0;

/**
 * One life of a client: connect, command, broadcast, a keep-alive ping, close; with faults on the way, and then another
 * command. Everything that must hold is checked in every run.
 */
export async function runScenario(options: ScenarioOptions): Promise<ScenarioReport> {
  scenarios += 1;
  const number = scenarios;
  const device = new CountingDevice(`dev-${String(process.pid)}-${String(number)}`, options.broker.port);
  const proxy = await startPacketProxy(options.broker.port, KEEP_ALIVE_SECONDS);
  const scenario = new Scenario(options, device, proxy, number);
  try {
    await scenario.run();
  } finally {
    await device.close();
    await proxy.close();
  }
  return { violations: scenario.violations, packets: proxy.passed, outcomes: scenario.outcomes };
}

class Scenario {
  readonly violations: string[] = [];
  readonly outcomes: string[] = [];
  readonly #options: ScenarioOptions;
  readonly #device: CountingDevice;
  readonly #proxy: PacketProxy;
  readonly #context: FaultContext;
  readonly #timers: CountingTimers;
  readonly #patience = new AbortController();
  /** Unique payloads. */
  readonly #base: number;
  readonly #strikes: Strike[];
  readonly #faults: Promise<void>[] = [];
  /** Connections that a fault has ended, and when. */
  readonly #struck: { packet: PassingPacket; fault: NetworkFault; at: number }[] = [];
  #flapsLeft: number;

  constructor(options: ScenarioOptions, device: CountingDevice, proxy: PacketProxy, number: number) {
    this.#options = options;
    this.#device = device;
    this.#proxy = proxy;
    this.#context = { broker: options.broker, sleep: (ms) => sleep(ms) };
    this.#timers = new CountingTimers(options.timers ?? systemTimers);
    this.#base = 1_000 + number * 20;
    this.#strikes = [...(options.strikes ?? [])];
    this.#flapsLeft = options.flap?.times ?? 0;
    proxy.onPacket = (packet) => {
      this.#strike(packet);
    };
  }

  get #strikesLeft(): number {
    return this.#strikes.length + this.#flapsLeft;
  }

  get #faulty(): boolean {
    return this.#struck.length > 0 || this.#faults.length > 0;
  }

  async run(): Promise<void> {
    const { signal } = this.#patience;
    await this.#until('the device is there', () => this.#device.present);
    const client = await this.#connect();
    if (client === undefined) return;
    const device = client.device(this.#device.id);
    const wait = { signal, deadlineMs: DEADLINE_MS };
    const base = this.#base;
    const lines: string[] = [];
    const stream = device.logs();
    const reading = (async () => {
      for await (const line of stream) lines.push(line);
    })();

    const command = await this.#settles('command', DEADLINE_MS, device.update.interval(base + 1, wait));
    this.#checkCommand(command, `own ${String(base + 1)}`);
    const broadcast = await this.#settles('broadcast', DEADLINE_MS, client.broadcast.update.interval(base + 2, wait));
    this.#checkBroadcast(broadcast, `broadcast ${String(base + 2)}`);
    await this.#ping();
    if (this.#faulty) {
      await this.#recover(client, device);
      await this.#streams(stream, lines);
    }
    const closed = await this.#settles('close', GOODBYE_MS, client.close());
    if (!closed.ok) this.violations.push(`close rejected with ${codeOf(closed.error)}`);
    await this.#settles('stream', 0, reading);
    await this.#checkNothingLeft(client);
  }

  /** `connect` does not retry: a fault on the way is the caller's, once per strike. */
  async #connect(): Promise<Client | undefined> {
    const attempts = 1 + this.#strikes.length + this.#flapsLeft + 6;
    for (let attempt = 1; attempt <= attempts; attempt += 1) {
      const { openLink, flap, queue = false } = this.#options;
      const resolved = resolveOptions({
        url: this.#proxy.url,
        dangerouslyAllowPlaintext: true,
        connectDeadlineMs: DEADLINE_MS,
        commandDeadlineMs: DEADLINE_MS,
        retainedGraceMs: 300,
        reconnect: { firstMs: 10, maxMs: 100 },
        keepAliveSeconds: 5,
        offlineQueue: queue ? { maxCommands: 10, maxAgeMs: 2 * DEADLINE_MS, onFull: 'reject' } : undefined,
        timers: this.#timers,
      });
      const fleet = new FleetClient(resolved, openLink === undefined ? {} : { openLink });
      // Connecting, subscribing to replies, and if that fails saying goodbye: each has its own deadline.
      const opened = await this.#settles('connect', 2 * DEADLINE_MS + GOODBYE_MS, fleet.open(this.#patience.signal));
      if (opened.ok) return fleet as unknown as Client;
      if (!this.#faulty && flap === undefined) this.violations.push('connect failed without a fault');
      await Promise.all(this.#faults);
    }
    this.violations.push('connect fails after the fault is over');
    return undefined;
  }

  /** Until a PINGRESP came, or the connection went. */
  async #ping(): Promise<void> {
    const pings = (): number => this.#proxy.passed.filter((name) => name === 'broker pingresp').length;
    const before = pings();
    const until = Date.now() + 2 * SILENCE_MS;
    while (pings() === before && !this.#faulty && Date.now() < until) await sleep(5);
  }

  async #recover(client: Client, device: ReturnType<Client['device']>): Promise<void> {
    // A command that is hit by the next fault is lost as well; so may be the first, before the loss is noticed.
    for (let attempt = 1; ; attempt += 1) {
      await this.#faultsEnd();
      await this.#until('the client is connected again', () => client.connected);
      const strikesBefore = this.#strikesLeft;
      const value = this.#base + 2 + attempt;
      const deadlineMs = strikesBefore > 0 || attempt === 1 ? DEADLINE_MS : 5_000;
      const after = await this.#settles('next command', deadlineMs, device.update.interval(value, { deadlineMs }));
      if (after.ok) {
        this.#checkCommand(after, `own ${String(value)}`);
        return;
      }
      const hit = this.#strikesLeft < strikesBefore;
      if (attempt === 1 || (attempt < 9 && (hit || codeOf(after.error) === 'unreachable'))) continue;
      this.violations.push(`the next command failed with ${codeOf(after.error)}`);
      return;
    }
  }

  async #streams(stream: { readonly ready: Promise<void> }, lines: readonly string[]): Promise<void> {
    await this.#settles('subscription', 5_000, stream.ready);
    // The next fault may take the connection away before it is noticed.
    const until = Date.now() + (this.#options.patienceMs ?? 15_000);
    for (let line = 1; lines.length === 0 && Date.now() < until; line += 1) {
      await this.#device.log(`line ${String(line)}`).catch(() => undefined);
      await sleep(20);
    }
    if (lines.length === 0) this.violations.push('the stream does not go on');
  }

  #checkCommand(outcome: Outcome, what: string): void {
    const executions = this.#device.executions(what);
    if (outcome.ok && executions === 0) this.violations.push('a command resolved that was not carried out');
    if (!outcome.ok && codeOf(outcome.error) === 'unreachable' && executions > 0) {
      this.violations.push('a command that was sent rejected with unreachable');
    }
    // Whether a stored status is missing or held up is beyond anybody's knowledge after `retainedGraceMs`.
    const unseen = this.#hitsBroker || this.#struck.some(({ packet, fault }) => isStatus(packet) && !fault.tells);
    this.#checkCode('command', outcome, ['unreachable', 'deadline', ...(unseen ? ['device_offline'] : [])]);
  }

  #checkBroadcast(outcome: Outcome, what: string): void {
    if (!this.#faulty && this.#device.executions(what) !== 1) this.violations.push('a broadcast was not delivered');
    // Where the network tells that the connection is gone, nobody waits for the deadline.
    const told =
      this.#options.queue !== true &&
      this.#struck.length > 0 &&
      this.#struck.every(({ fault }) => fault.tells) &&
      !this.#hitsBroker;
    this.#checkCode('broadcast', outcome, told ? ['unreachable'] : ['unreachable', 'deadline']);
  }

  get #hitsBroker(): boolean {
    return this.#struck.some(({ fault }) => fault.hitsBroker);
  }

  #checkCode(what: string, outcome: Outcome, allowed: readonly string[]): void {
    if (outcome.ok) return;
    if (!this.#faulty) this.violations.push(`${what} failed without a fault (${codeOf(outcome.error)})`);
    else if (!allowed.includes(codeOf(outcome.error))) {
      this.violations.push(`${what} rejected with ${codeOf(outcome.error)}, not with ${allowed.join(' or ')}`);
    }
  }

  async #checkNothingLeft(client: Client): Promise<void> {
    const { held } = client as unknown as FleetClient;
    if (Object.values(held).some((count) => count !== 0)) this.violations.push(`holds ${JSON.stringify(held)}`);
    if (client.connected) this.violations.push('is connected after close');
    if (this.#timers.pending > 0) this.violations.push(`${String(this.#timers.pending)} timers left`);
    const listeners = getEventListeners(this.#patience.signal, 'abort').length;
    if (listeners > 0) this.violations.push(`${String(listeners)} listeners left on the signal`);
    await this.#until('the client lets go of every socket', () => this.#proxy.held === 0);
    await this.#faultsEnd();
    for (const what of this.#device.repeated) this.violations.push(`carried out more than once: ${what}`);
  }

  /** All that has struck is over: connections that cannot live on are noticed, the device is back. */
  async #faultsEnd(): Promise<void> {
    await Promise.all(this.#faults);
    for (const { packet, fault, at } of this.#struck) {
      if (!fault.endsConnection) continue;
      const until = at + (fault.tells ? 0 : SILENCE_MS) + KERNEL_MARGIN_MS;
      const what = `the client notices "${fault.name}"`;
      await this.#until(what, () => packet.connection.released, Math.max(1, until - Date.now()));
    }
    await this.#until('the device is there again', () => this.#device.present);
  }

  #strike(packet: PassingPacket): void {
    const { flap } = this.#options;
    const [next] = this.#strikes;
    if (next !== undefined && packet.index >= next.before) {
      this.#strikes.shift();
      this.#struck.push({ packet, fault: next.fault, at: Date.now() });
      this.#faults.push(next.fault.strike(packet, this.#context));
    } else if (flap !== undefined && this.#flapsLeft > 0 && packet.nth >= flap.before) {
      this.#flapsLeft -= 1;
      this.#faults.push(Promise.resolve());
      packet.connection.reset();
    }
  }

  /** The outcome of `promise`; a violation if it has none at its deadline. */
  async #settles(what: string, deadlineMs: number, promise: Promise<unknown>): Promise<Outcome> {
    const outcome: Promise<Outcome> = promise.then(
      (value) => ({ ok: true, value }),
      (error: unknown) => ({ ok: false, error }),
    );
    // Started after the promise's own timer and longer: it fires later, however busy the machine is.
    let late: NodeJS.Timeout | undefined;
    const limit = new Promise<'late'>((resolve) => {
      late = setTimeout(() => {
        settleTurns(() => {
          resolve('late');
        });
      }, deadlineMs + MARGIN_MS);
    });
    const first = await Promise.race([outcome, limit]);
    clearTimeout(late);
    if (first === 'late') {
      this.violations.push(`${what} did not settle within ${String(deadlineMs)} ms`);
      return { ok: false, error: new Error('late') };
    }
    this.outcomes.push(`${what}: ${first.ok ? 'ok' : codeOf(first.error)}`);
    if (!first.ok && !isDeviceClientError(first.error)) {
      this.violations.push(`${what} rejected with a foreign error: ${String(first.error)}`);
    }
    return first;
  }

  async #until(what: string, condition: () => boolean, atMostMs = 15_000): Promise<void> {
    const withinMs = Math.min(atMostMs, this.#options.patienceMs ?? 15_000);
    const until = Date.now() + withinMs;
    while (!condition()) {
      if (Date.now() > until) {
        this.violations.push(`not within ${String(withinMs)} ms: ${what}`);
        return;
      }
      await sleep(5);
    }
  }
}

type Outcome = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly error: unknown };

const isStatus = ({ packet }: PassingPacket): boolean => packet.cmd === 'publish' && packet.topic.endsWith('/status');

/** Some turns of the loop: what is due is done by then. */
function settleTurns(then: () => void, turns = 10): void {
  if (turns === 0) then();
  else
    setImmediate(() => {
      settleTurns(then, turns - 1);
    });
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : String(error);
}

/** Real timers that know how many are running. */
class CountingTimers implements Timers {
  readonly #timers: Timers;
  readonly #running = new Set<unknown>();

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  get pending(): number {
    return this.#running.size;
  }

  setTimeout = (callback: () => void, delayMs: number): unknown => {
    const handle = this.#timers.setTimeout(() => {
      this.#running.delete(handle);
      callback();
    }, delayMs);
    this.#running.add(handle);
    return handle;
  };

  clearTimeout = (handle: unknown): void => {
    this.#running.delete(handle);
    this.#timers.clearTimeout(handle);
  };
}
