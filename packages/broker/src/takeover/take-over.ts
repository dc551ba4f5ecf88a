import type { Socket } from 'node:net';
import type { BrokerError } from '../errors.js';
import { connackReason, connectPacket, DISCONNECT_PACKET } from './connect-packet.js';

export interface TakeOverOptions {
  /** being connected */
  readonly socket: Socket;
  /** what it emits once it can be written to */
  readonly ready: 'connect' | 'secureConnect';
  readonly clientId: string;
  readonly deadlineMs: number;
  readonly signal?: AbortSignal | undefined;
  readonly failed: (what: string, cause?: unknown) => BrokerError;
}

/** Connects with a client id, which ends the older connection of that id (MQTT 5, 3.1.4-3), and leaves. */
export async function takeOver(options: TakeOverOptions): Promise<void> {
  const { socket, ready, clientId, deadlineMs, signal, failed } = options;
  const deadline = AbortSignal.timeout(deadlineMs);
  await new Promise<void>((resolve, reject) => {
    const fail = (error: Error): void => {
      reject(error);
      socket.destroy();
    };
    const onAbort = (): void => {
      fail(signal?.reason instanceof Error ? signal.reason : new Error('aborted'));
    };
    const onDeadline = (): void => {
      fail(failed(`the broker did not answer within ${deadlineMs} ms`));
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    deadline.addEventListener('abort', onDeadline, { once: true });

    let received: Buffer = Buffer.alloc(0);
    socket.once(ready, () => socket.write(connectPacket(clientId)));
    socket.on('data', (data: Buffer) => {
      received = Buffer.concat([received, data]);
      const reason = connackReason(received);
      if (reason === undefined) return;
      if (reason !== 0) {
        fail(failed(`the broker refused the connection (${reason})`));
        return;
      }
      socket.end(DISCONNECT_PACKET);
      resolve();
    });
    socket.on('error', (cause) => {
      fail(failed('the connection failed', cause));
    });
    socket.once('close', () => {
      fail(failed('the broker ended the connection'));
      signal?.removeEventListener('abort', onAbort);
      deadline.removeEventListener('abort', onDeadline);
    });
  });
}
