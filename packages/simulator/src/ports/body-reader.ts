import type { IncomingMessage } from 'node:http';
import { pause, withDeadline, type Clock } from './clock.js';
import { TransferFailure } from './transfer-failure.js';

export interface BodyOptions {
  readonly clock: Clock;
  readonly idleTimeoutMs: number;
  /** What is left of the time for the whole transfer. */
  readonly remainingMs: () => number;
  readonly maxBytes: number;
  /** `Infinity`: as fast as it comes. */
  readonly bytesPerSecond: number;
  readonly signal: AbortSignal;
}

const PIECES_PER_SECOND = 20;
const MIN_PIECE_BYTES = 1024;

/**
 * The body in pieces, at the consumer's pace: nothing is read ahead of it but what the sockets buffer. Throws
 * `TransferFailure` `stalled`, `truncated` or `too_large`; breaking out of the loop closes the connection.
 */
export async function* readBody(response: IncomingMessage, options: BodyOptions): AsyncGenerator<Uint8Array, void> {
  const { clock, idleTimeoutMs, remainingMs, maxBytes, bytesPerSecond, signal } = options;
  const pieceBytes = Math.max(MIN_PIECE_BYTES, Math.floor(bytesPerSecond / PIECES_PER_SECOND));
  const source = response[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  const inTime = (): void => {
    if (remainingMs() === 0) throw new TransferFailure('stalled');
  };
  let total = 0;
  try {
    for (;;) {
      // A server that sends a byte now and then is never silent, but has to end as well.
      inTime();
      const limitMs = Math.min(idleTimeoutMs, remainingMs());
      const chunk = await withDeadline(clock, limitMs, source.next(), () => new TransferFailure('stalled'));
      if (chunk.done === true) break;
      total += chunk.value.length;
      if (total > maxBytes) throw new TransferFailure('too_large');
      if (!Number.isFinite(bytesPerSecond)) {
        yield chunk.value;
        continue;
      }
      for (let at = 0; at < chunk.value.length; at += pieceBytes) {
        const piece = chunk.value.subarray(at, at + pieceBytes);
        yield piece;
        await pause(clock, Math.min((piece.length / bytesPerSecond) * 1000, remainingMs()), signal);
        inTime();
      }
    }
    if (!response.complete || !response.readableEnded) throw new TransferFailure('truncated');
  } catch (cause) {
    throw cause instanceof TransferFailure ? cause : new TransferFailure('truncated', { cause });
  } finally {
    response.destroy();
  }
}
