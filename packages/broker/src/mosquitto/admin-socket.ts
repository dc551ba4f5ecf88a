import { connect } from 'node:net';
import { BrokerError } from '../errors.js';
import { takeOver } from '../takeover/take-over.js';

/**
 * Ends the session of a client: connects with its client id, which ends the older connection (MQTT 5, 3.1.4-3), and leaves.
 * On the TLS listeners that would take a certificate that is still good, and for devices the client id is their name.
 *
 * Rejects with `takeover_refused`.
 */
export const endSession = (socketPath: string, clientId: string, deadlineMs: number): Promise<void> =>
  takeOver({
    socket: connect(socketPath),
    ready: 'connect',
    clientId,
    deadlineMs,
    failed: (what, cause) =>
      new BrokerError('takeover_refused', `the connection "${clientId}" could not be ended: ${what}`, { cause }),
  });
