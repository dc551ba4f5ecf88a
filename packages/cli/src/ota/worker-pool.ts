import { setTimeout as delayMs } from 'node:timers/promises';
import { Counter, Gauge, Registry } from 'prom-client';
import { CliError } from '../errors.js';
import type { OtaLog } from './ota-log.js';
import type { ServeSettings } from './serve-settings.js';
import type { TreeChange, UpdateService } from './update-service.js';
import { type Asked, WorkerLink } from './worker-link.js';
import type { WorkerProcess } from './worker-messages.js';

export interface WorkerPoolOptions {
  readonly settings: ServeSettings;
  readonly ticketKeys: Buffer;
  readonly workers: number;
  readonly startWorker: () => WorkerProcess;
  readonly log: OtaLog;
  /** Default: timers of the system. */
  readonly delay?: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Milliseconds that only go up. Default: `performance.now`. */
  readonly now?: () => number;
}

/** So many ends of processes in so much time are no accident. */
const MAX_DEATHS = 5;
const DEATHS_WITHIN_MS = 10_000;
const FIRST_PAUSE_MS = 100;
/** Longest time until all processes listen, or have answered. */
const START_TIMEOUT_MS = 60_000;
const ANSWER_TIMEOUT_MS = 10_000;
/** What a process gets on top of the time for downloads to end by itself. */
const STOP_GRACE_MS = 5_000;

/**
 * Serves from several processes; one that ends is replaced.
 *
 * @throws CliError, or what the first process that could not start said; none is left then
 */
export async function startWorkerPool(options: WorkerPoolOptions): Promise<UpdateService> {
  const pool = new WorkerPool(options);
  try {
    await pool.start();
  } catch (error) {
    pool.kill();
    throw error;
  }
  return pool;
}

class WorkerPool implements UpdateService {
  readonly port: number;
  readonly failed: Promise<Error>;
  readonly #options: WorkerPoolOptions;
  readonly #delay: NonNullable<WorkerPoolOptions['delay']>;
  readonly #now: () => number;
  readonly #links = new Set<WorkerLink>();
  readonly #register = new Registry();
  readonly #deathCounter: Counter;
  readonly #closed = new AbortController();
  #ticketKeys: Buffer;
  #fail: (error: Error) => void = () => undefined;
  #deaths: number[] = [];
  #started = false;
  #closing: Promise<void> | undefined;

  constructor(options: WorkerPoolOptions) {
    const { settings, ticketKeys, now = () => performance.now() } = options;
    this.#options = options;
    this.#delay = options.delay ?? ((ms, signal) => delayMs(ms, undefined, { signal }));
    this.#now = now;
    this.#ticketKeys = ticketKeys;
    this.port = settings.port;
    this.failed = new Promise((resolve) => (this.#fail = resolve));
    const registers = [this.#register];
    const listening = (): number => this.listening();
    new Gauge({
      name: 'secure_esp_ota_workers',
      help: 'Processes that take connections.',
      registers,
      collect() {
        this.set(listening());
      },
    });
    const [name, help] = ['secure_esp_ota_worker_deaths_total', 'Processes that ended by themselves.'];
    this.#deathCounter = new Counter({ name, help, registers });
  }

  async start(): Promise<void> {
    const links = Array.from({ length: this.#options.workers }, () => this.#startWorker());
    const late = within(START_TIMEOUT_MS, 'the processes of the update server did not start');
    try {
      for (const { started } of links) {
        const error = await Promise.race([started, late.error]);
        if (error !== undefined) throw error;
      }
    } finally {
      late.cancel();
    }
    this.#started = true;
  }

  async apply({ certificates, ticketKeys }: TreeChange): Promise<{ readonly closed: number }> {
    // first: a process that starts while the others are told begins with these
    this.#ticketKeys = ticketKeys;
    const answers = await this.#askAll({ type: 'apply', certificates, ticketKeys });
    return { closed: answers.reduce<number>((sum, closed) => sum + Number(closed), 0) };
  }

  listening(): number {
    return [...this.#links].filter(({ listening }) => listening).length;
  }

  async metrics(): Promise<readonly object[]> {
    return [...((await this.#askAll({ type: 'metrics' })) as object[]), await this.#register.getMetricsAsJSON()];
  }

  close(): Promise<void> {
    this.#closing ??= this.#stop();
    return this.#closing;
  }

  kill(): void {
    this.#closed.abort();
    for (const { process } of this.#links) process.kill();
  }

  /** Of all that listen. A process that ends meanwhile has no say; one that refuses, or is silent, makes it fail. */
  async #askAll(message: Asked): Promise<unknown[]> {
    const answers = [...this.#links]
      .filter(({ listening }) => listening)
      .map((link) => {
        const late = within(
          ANSWER_TIMEOUT_MS,
          `process ${String(link.process.pid)} of the update server did not answer`,
        );
        return Promise.race([link.ask(message).then((value) => ({ value })), link.exited, late.error]).finally(
          late.cancel,
        );
      });
    const settled = await Promise.all(answers);
    const failure = settled.find((answer) => answer instanceof Error);
    if (failure !== undefined) throw failure;
    return settled.flatMap((answer) => (typeof answer === 'object' && 'value' in answer ? [answer.value] : []));
  }

  #startWorker(): WorkerLink {
    const { settings, startWorker } = this.#options;
    const link = new WorkerLink(startWorker(), () => ({ type: 'start', settings, ticketKeys: this.#ticketKeys }));
    this.#links.add(link);
    void this.#watch(link);
    return link;
  }

  async #watch(link: WorkerLink): Promise<void> {
    const { log } = this.#options;
    const error = await link.started;
    const how = await link.exited;
    this.#links.delete(link);
    if (!this.#started || this.#isClosed()) return;
    this.#deathCounter.inc();
    const reason = error === undefined ? how : error.message;
    log.error({ type: 'worker_ended', worker: link.process.pid, reason });
    const now = this.#now();
    this.#deaths = [...this.#deaths.filter((at) => now - at < DEATHS_WITHIN_MS), now];
    if (this.#deaths.length >= MAX_DEATHS) {
      const seconds = DEATHS_WITHIN_MS / 1000;
      const text = `${this.#deaths.length} processes of the update server ended within ${seconds} seconds, the last one with: ${reason}.`;
      this.#fail(new CliError(text, 'See the log for why; start it again with `--workers 1` to see more.'));
      return;
    }
    try {
      await this.#delay(FIRST_PAUSE_MS * 2 ** (this.#deaths.length - 1), this.#closed.signal);
    } catch {
      return; // closed
    }
    if (this.#isClosed()) return;
    const { process } = this.#startWorker();
    log.info({ type: 'worker_started', worker: process.pid });
  }

  #isClosed(): boolean {
    return this.#closed.signal.aborted;
  }

  async #stop(): Promise<void> {
    this.#closed.abort();
    const links = [...this.#links];
    for (const link of links) link.stop();
    const deadline = setTimeout(() => {
      for (const { process } of links) process.kill();
    }, this.#options.settings.drainMs + STOP_GRACE_MS);
    await Promise.all(links.map(({ exited }) => exited));
    clearTimeout(deadline);
  }
}

/** An error after a time, unless it is cancelled. */
function within(ms: number, message: string): { readonly error: Promise<Error>; readonly cancel: () => void } {
  let cancel = (): void => undefined;
  const error = new Promise<Error>((resolve) => {
    const deadline = setTimeout(() => {
      resolve(new Error(message));
    }, ms);
    cancel = () => {
      clearTimeout(deadline);
    };
  });
  return { error, cancel };
}
