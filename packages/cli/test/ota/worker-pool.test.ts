import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { createOtaLog } from '../../src/ota/ota-log.js';
import type { ServeSettings } from '../../src/ota/serve-settings.js';
import type { FromWorker, ToWorker, WorkerProcess } from '../../src/ota/worker-messages.js';
import { startWorkerPool } from '../../src/ota/worker-pool.js';

const settings: ServeSettings = {
  ...{ dir: '/tree', firmware: '/tree/firmware', host: '127.0.0.1', port: 8070 },
  ...{ logLevel: 'info', drainMs: 0, bridge: undefined },
};

/** A process that obeys: it is in the test's hand when it listens and when it ends. */
class FakeWorker implements WorkerProcess {
  readonly sent: ToWorker[] = [];
  readonly exited: Promise<string>;
  exit: (how: string) => void = () => undefined;
  tell: (message: FromWorker) => void = () => undefined;

  constructor(
    readonly pid: number,
    readonly answers: (message: ToWorker) => FromWorker | undefined,
  ) {
    this.exited = new Promise((resolve) => (this.exit = resolve));
  }

  send(message: ToWorker): void {
    this.sent.push(message);
    if (message.type === 'stop') this.exit('exit code 0');
    const answer = this.answers(message);
    if (answer !== undefined) this.tell(answer);
  }

  onMessage(listener: (message: FromWorker) => void): void {
    this.tell = listener;
    queueMicrotask(() => {
      listener({ type: 'ready' });
    });
  }

  kill(): void {
    this.exit('SIGKILL');
  }
}

const obedient = (message: ToWorker): FromWorker | undefined => {
  switch (message.type) {
    case 'start':
      return { type: 'listening' };
    case 'apply':
      return { type: 'answer', id: message.id, value: 2 };
    case 'metrics':
      return { type: 'answer', id: message.id, value: [] };
    case 'stop':
      return undefined;
  }
};

/** A pool on fake processes and a fake clock. */
function setUp(answers: (message: ToWorker, pid: number) => FromWorker | undefined = obedient) {
  const processes: FakeWorker[] = [];
  const lines: string[] = [];
  const pauses: number[] = [];
  let nowMs = 0;
  let resume: () => void = () => undefined;
  const pool = startWorkerPool({
    settings,
    ticketKeys: Buffer.alloc(48, 1),
    workers: 2,
    startWorker() {
      const pid = processes.length + 1;
      const worker = new FakeWorker(pid, (message) => answers(message, pid));
      processes.push(worker);
      return worker;
    },
    log: createOtaLog('info', { write: (line: string) => lines.push(line) }),
    delay: (ms) => {
      pauses.push(ms);
      return new Promise((resolve) => {
        resume = resolve;
      });
    },
    now: () => nowMs,
  });
  const pass = (ms: number): void => {
    nowMs += ms;
    resume();
  };
  return { pool, processes, lines, pauses, pass };
}

const nth = (processes: readonly FakeWorker[], index: number): FakeWorker => {
  const worker = processes[index];
  if (worker === undefined) throw new Error(`there is no process ${index}`);
  return worker;
};

describe('the pool of processes', () => {
  test('tells each the settings and the same ticket keys, and the latest to one that comes later', async () => {
    const { pool: starting, processes, pass } = setUp();
    const pool = await starting;
    const keys = (index: number) =>
      nth(processes, index).sent.flatMap((message) =>
        'ticketKeys' in message ? [Buffer.from(message.ticketKeys)] : [],
      );
    expect([keys(0), keys(1)]).toEqual([[Buffer.alloc(48, 1)], [Buffer.alloc(48, 1)]]);
    const renewed = randomBytes(48);
    expect(await pool.apply({ certificates: true, ticketKeys: renewed })).toEqual({ closed: 4 });
    nth(processes, 0).exit('SIGSEGV');
    await expect.poll(() => pool.listening()).toBe(1);
    pass(100);
    await expect.poll(() => pool.listening()).toBe(2);
    expect(keys(2)).toEqual([renewed]);
    await pool.close();
    expect(processes.map(({ sent }) => sent.at(-1)?.type)).toEqual(['apply', 'stop', 'stop']);
  });

  test('waits longer each time before it replaces one, and no longer than before once they last', async () => {
    const { pool: starting, processes, pauses, pass } = setUp();
    const pool = await starting;
    for (const pauseMs of [100, 200, 400]) {
      nth(processes, processes.length - 1).exit('exit code 1');
      await expect.poll(() => pauses.at(-1)).toBe(pauseMs);
      pass(pauseMs);
      await expect.poll(() => pool.listening()).toBe(2);
    }
    pass(10_000);
    nth(processes, processes.length - 1).exit('exit code 1');
    await expect.poll(() => pauses).toEqual([100, 200, 400, 100]);
    await pool.close();
  });

  test('fails when five end within ten seconds', async () => {
    const {
      pool: starting,
      processes,
      lines,
      pass,
    } = setUp((message, pid) =>
      message.type === 'start' && pid > 2 ? { type: 'failed', message: 'the disk is gone' } : obedient(message),
    );
    const pool = await starting;
    let failure: Error | undefined;
    void pool.failed.then((error) => (failure = error));
    for (let deaths = 1; deaths <= 5; deaths++) {
      nth(processes, processes.length - 1).exit('exit code 1');
      await expect.poll(() => lines.filter((line) => line.includes('worker_ended')).length).toBe(deaths);
      if (deaths === 5) break;
      const before = processes.length;
      pass(1);
      await expect.poll(() => processes.length).toBe(before + 1);
      await expect.poll(() => nth(processes, before).sent.length).toBe(1);
    }
    await expect.poll(() => failure?.message).toMatch(/5 processes .* within 10 seconds, .* the disk is gone/);
    await pool.close();
    expect(pool.listening()).toBe(0);
  });

  test('says why the first one could not start, and leaves none behind', async () => {
    const { pool, processes } = setUp((message) =>
      message.type === 'start'
        ? { type: 'failed', message: 'the key does not parse', code: 'bad_certificate' }
        : obedient(message),
    );
    await expect(pool).rejects.toMatchObject({ message: 'the key does not parse', code: 'bad_certificate' });
    expect(await Promise.all(processes.map(({ exited }) => exited))).toEqual(['SIGKILL', 'SIGKILL']);
  });

  test('goes on without the answer of one that ends meanwhile, and fails when one refuses', async () => {
    const silent = setUp((message, pid) => (message.type === 'apply' && pid === 1 ? undefined : obedient(message)));
    const pool = await silent.pool;
    const applied = pool.apply({ certificates: false, ticketKeys: randomBytes(48) });
    nth(silent.processes, 0).exit('SIGKILL');
    expect(await applied).toEqual({ closed: 2 });
    await pool.close();

    const refusing = await setUp((message, pid) =>
      message.type === 'apply' && pid === 1 ? { type: 'refused', id: message.id, reason: 'no' } : obedient(message),
    ).pool;
    await expect(refusing.apply({ certificates: true, ticketKeys: randomBytes(48) })).rejects.toThrow('no');
    await refusing.close();
  });
});
