import { setTimeout as delay } from 'node:timers/promises';
import { BrokerError } from '../errors.js';
import type { SupervisedProcess } from './mosquitto-process.js';
import { answersTls } from './tls-probe.js';

const PROBE_INTERVAL_MS = 25;

/** What a started Mosquitto is waited for. */
export interface ReadyTarget {
  readonly host: string;
  readonly ports: readonly number[];
  /** SHA-256 of the certificate that the ports must show. */
  readonly fingerprint256: string;
  /** Milliseconds. Default 10,000. */
  readonly startDeadlineMs?: number;
  readonly signal?: AbortSignal;
}

/** Resolves once all ports answer with the certificate. Rejects with `start_failed`, `start_deadline` or the signal's reason. */
export async function untilReady(child: SupervisedProcess, target: ReadyTarget): Promise<void> {
  const { host, fingerprint256, signal } = target;
  const deadlineMs = target.startDeadlineMs ?? 10_000;
  const deadline = performance.now() + deadlineMs;
  let over = false;
  const early = child.ended.then(({ error }) => {
    if (over) return;
    const log = child.log();
    throw new BrokerError('start_failed', `Mosquitto ended while starting: ${log.slice(-3).join(' | ')}`, {
      log,
      ...(error === undefined ? {} : { cause: error }),
    });
  });
  const ready = async () => {
    for (const port of target.ports) {
      for (;;) {
        const leftMs = Math.ceil(deadline - performance.now());
        if (leftMs <= 0) {
          throw new BrokerError('start_deadline', `Mosquitto did not accept TLS on port ${port} in ${deadlineMs} ms`, {
            log: child.log(),
            port,
          });
        }
        signal?.throwIfAborted();
        if (await answersTls({ host, port, fingerprint256, deadlineMs: leftMs })) break;
        await delay(PROBE_INTERVAL_MS, undefined, signal === undefined ? {} : { signal });
      }
    }
  };
  await Promise.race([ready(), early]).finally(() => (over = true));
}
