import type { PkiTree } from '@secure-esp/pki';
import { randomBytes } from 'node:crypto';
import { setTimeout as delayMs } from 'node:timers/promises';
import { fileMark } from '../follow-files.js';
import { followOtaCertificates, type OtaCertificateEvent } from '../follow-ota-certificates.js';
import type { OtaTree } from '../open-part.js';
import type { UpdateService } from './update-service.js';

/** What happened to a running update server because its tree did. */
export type KeepCurrentEvent =
  | OtaCertificateEvent
  | { readonly type: 'revocations_changed'; readonly closed: number }
  /** Requests are still decided by the records: only open connections and old sessions stay. */
  | { readonly type: 'revocations_failed'; readonly reason: string }
  | { readonly type: 'ticket_keys_rotated' };

export interface KeepCurrentOptions {
  readonly onEvent: (event: KeepCurrentEvent) => void;
  readonly signal: AbortSignal;
  /** {@link revocationMark} from before the service was started. */
  readonly mark: string;
  /** Default 250. */
  readonly pollMs?: number;
  /** Age at which session ticket keys are replaced. Default 12 hours. */
  readonly rotateTicketsMs?: number;
  /** Default: timers of the system. */
  readonly delay?: (ms: number, signal: AbortSignal) => Promise<void>;
}

const RETRY_MS = 5_000;
const ROTATE_MS = 12 * 60 * 60 * 1000;

/** 48 bytes that encrypt session tickets: whoever has them reads recorded TLS 1.2 connections, so they never touch a disk. */
export const newTicketKeys = (): Buffer => randomBytes(48);

/** Changes whenever somebody was revoked. */
export const revocationMark = ({ paths }: Pick<PkiTree, 'paths'>): Promise<string> =>
  fileMark([paths.caCrl, paths.deviceCaCrl]);

/**
 * Makes a running update server follow its tree: certificates, and what a revocation ends beside requests (open
 * connections, resumable sessions). Ticket keys are replaced with each, and by age. Resolves when the signal is aborted.
 */
export async function keepCurrent(tree: OtaTree, service: UpdateService, options: KeepCurrentOptions): Promise<void> {
  const { onEvent, signal, pollMs = 250, rotateTicketsMs = ROTATE_MS } = options;
  const delay = options.delay ?? ((ms: number) => delayMs(ms, undefined, { signal }));
  const pause = (ms: number): Promise<void> => delay(ms, signal).catch(() => undefined);
  let last: Promise<unknown> = Promise.resolve();
  /** One after the other: every process must end up with the same keys. */
  const apply = (certificates: boolean): Promise<{ readonly closed: number }> => {
    const next = last.then(() => service.apply({ certificates, ticketKeys: newTicketKeys() }));
    last = next.catch(() => undefined);
    return next;
  };

  const followRevocations = async (): Promise<void> => {
    let { mark } = options;
    while (!signal.aborted) {
      let pauseMs = pollMs;
      const seen = await revocationMark(tree);
      if (seen !== mark) {
        try {
          const { closed } = await apply(false);
          mark = seen;
          onEvent({ type: 'revocations_changed', closed });
        } catch (error) {
          onEvent({ type: 'revocations_failed', reason: error instanceof Error ? error.message : String(error) });
          pauseMs = RETRY_MS;
        }
      }
      await pause(pauseMs);
    }
  };

  const rotate = async (): Promise<void> => {
    for (;;) {
      await pause(rotateTicketsMs);
      if (signal.aborted) return;
      try {
        await apply(false);
        onEvent({ type: 'ticket_keys_rotated' });
      } catch (error) {
        onEvent({ type: 'revocations_failed', reason: error instanceof Error ? error.message : String(error) });
      }
    }
  };

  const reloadTls = async (): Promise<void> => {
    await apply(true);
  };
  await Promise.all([
    followOtaCertificates(tree, { reloadTls }, { onEvent, signal, pollMs }),
    followRevocations(),
    rotate(),
  ]);
}
