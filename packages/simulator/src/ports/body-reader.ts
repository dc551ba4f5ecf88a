import type { IncomingMessage } from 'node:http';
import { pause, withDeadline, type Clock } from './clock.js';
import { TransferFailure } from './transfer-failure.js';

export interface BodyOptions {
  readonly clock: Clock;
  readonly idleTimeoutMs: number;
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
  const { clock, idleTimeoutMs, maxBytes, bytesPerSecond, signal } = options;
  const pieceBytes = Math.max(MIN_PIECE_BYTES, Math.floor(bytesPerSecond / PIECES_PER_SECOND));
  const source = response[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  let total = 0;
  try {
    for (;;) {
      const chunk = await withDeadline(clock, idleTimeoutMs, source.next(), () => new TransferFailure('stalled'));
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
        await pause(clock, (piece.length / bytesPerSecond) * 1000, signal);
      }
    }
    if (!response.complete) throw new TransferFailure('truncated');
  } catch (cause) {
    throw cause instanceof TransferFailure ? cause : new TransferFailure('truncated', { cause });
  } finally {
    response.destroy();
  }
}
