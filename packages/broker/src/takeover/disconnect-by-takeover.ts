import { connect, createSecureContext, type SecureContext } from 'node:tls';
import { isDeviceId } from '@secure-esp/protocol';
import { BrokerError } from '../errors.js';
import { takeOver } from './take-over.js';

/** Which broker to connect to, as which operator, and whose connection to end. */
export interface TakeoverOptions {
  /** The broker's name or address, as its certificate has it. */
  readonly host: string;
  /** Port of the operators' listener. */
  readonly port: number;
  /** PEM: CA of the broker's certificate, and an operator's certificate and key. */
  readonly tls: { readonly ca: string; readonly cert: string; readonly key: string };
  /** The device whose connection is to end, `[A-Za-z0-9_-]{1,64}`: its MQTT client id. */
  readonly deviceId: string;
  /** Default 5,000. */
  readonly deadlineMs?: number;
  /** Gives up; the call then rejects with its reason. */
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
  await takeOver({
    socket: connect({ host, port, secureContext }),
    ready: 'secureConnect',
    clientId: deviceId,
    deadlineMs: options.deadlineMs ?? 5_000,
    signal,
    failed: (what, cause) => new BrokerError('takeover_refused', `${deviceId}: ${what}`, { cause, port }),
  });
}

function contextOf(tls: TakeoverOptions['tls']): SecureContext {
  try {
    return createSecureContext({ ca: tls.ca, cert: tls.cert, key: tls.key, minVersion: 'TLSv1.2' });
  } catch (cause) {
    throw new BrokerError('bad_tls', 'tls: unreadable, or the parts do not belong together', { cause });
  }
}
