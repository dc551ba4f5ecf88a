import type { Protocol, SecureEspV1 } from '@secure-esp/protocol';
import type { Client } from './client.js';
import { FleetClient } from './fleet-client.js';
import { resolveOptions, type ConnectOptions } from './options.js';

/**
 * Connects to a fleet's broker over MQTT 5 and resolves once commands can be sent.
 *
 * Fails at once, without retrying, with code `unreachable`, `tls`, `refused`, `denied`, `deadline`, `aborted` or
 * `invalid_argument`. Once connected, the client reconnects by itself until it is closed.
 *
 * @example
 * ```ts
 * const client = await connect({ url: 'mqtts://broker.example:8883', tls: { ca, cert, key } });
 * await client.device('esp-001').update.interval(3600);
 * ```
 */
export async function connect<P extends Protocol = SecureEspV1>(options: ConnectOptions<P>): Promise<Client<P>> {
  const resolved = resolveOptions(options);
  if (!resolved.verifyServer) {
    resolved.logger.warn(
      'secure-esp: the broker certificate is NOT verified (dangerouslySkipServerVerification): anybody on the network can read and send commands',
    );
  }
  const client = new FleetClient(resolved);
  await client.open(options.signal);
  // FleetClient builds its methods from the same contract at run time that `Client<P>` maps over at compile time.
  return client as unknown as Client<P>;
}
