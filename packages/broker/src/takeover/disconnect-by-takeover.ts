import { connect, createSecureContext, type SecureContext } from 'node:tls';
import { isDeviceId } from '@secure-esp/protocol';
import { BrokerError } from '../errors.js';
import { connackReason, connectPacket, DISCONNECT_PACKET } from './connect-packet.js';

export interface TakeoverOptions {
  /** The broker's name or address, as its certificate has it. */
  readonly host: string;
  /** Port of the operators' listener. */
  readonly port: number;
  /** PEM: CA of the broker's certificate, and an operator's certificate and key. */
  readonly tls: { readonly ca: string; readonly cert: string; readonly key: string };
  readonly deviceId: string;
  /** Default 5,000. */
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal;
}

/**
 * Ends a device's open connection on any MQTT 5 broker: an operator connects with the device's client id, which ends the
 * older connection (MQTT 5, 3.1.4-3), and leaves. A retained status is untouched, the device's last will is sent.
 *
 * A device that is still accepted comes back at once. To revoke: write the revocation list, `reload()` the broker, *then* this.
 * Rejects with `bad_option`, `bad_tls`, `takeover_refused`, or the signal's reason.
 */
export async function disconnectByTakeover(options: TakeoverOptions): Promise<void> {
  const { host, port, deviceId, signal } = options;
  if (!isDeviceId(deviceId)) throw new BrokerError('bad_option', 'deviceId must be [A-Za-z0-9_-]{1,64}');
  const secureContext = contextOf(options.tls);
  signal?.throwIfAborted();
  const deadlineMs = options.deadlineMs ?? 5_000;
  const deadline = AbortSignal.timeout(deadlineMs);

  await new Promise<void>((resolve, reject) => {
    const refuse = (what: string, cause?: unknown) => {
      reject(new BrokerError('takeover_refused', `${deviceId}: ${what}`, { cause, port }));
      socket.destroy();
    };
    const socket = connect({ host, port, secureContext });
    const onAbort = () => {
      reject(signal?.reason instanceof Error ? signal.reason : new Error('aborted'));
      socket.destroy();
    };
    const onDeadline = () => {
      refuse(`the broker did not answer within ${deadlineMs} ms`);
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    deadline.addEventListener('abort', onDeadline, { once: true });

    let received: Buffer = Buffer.alloc(0);
    socket.once('secureConnect', () => socket.write(connectPacket(deviceId)));
    socket.on('data', (data: Buffer) => {
      received = Buffer.concat([received, data]);
      const reason = connackReason(received);
      if (reason === undefined) return;
      if (reason !== 0) {
        refuse(`the broker refused the operator (${reason})`);
        return;
      }
      socket.end(DISCONNECT_PACKET);
      resolve();
    });
    socket.on('error', (cause) => {
      refuse('the connection failed', cause);
    });
    socket.once('close', () => {
      refuse('the broker ended the connection');
      signal?.removeEventListener('abort', onAbort);
      deadline.removeEventListener('abort', onDeadline);
    });
  });
}

function contextOf(tls: TakeoverOptions['tls']): SecureContext {
  try {
    return createSecureContext({ ca: tls.ca, cert: tls.cert, key: tls.key, minVersion: 'TLSv1.2' });
  } catch (cause) {
    throw new BrokerError('bad_tls', 'tls: unreadable, or the parts do not belong together', { cause });
  }
}
