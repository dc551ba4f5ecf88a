import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BrokerError } from '../errors.js';
import { takeOver } from '../takeover/take-over.js';

/** `sun_path` of macOS, with its zero; Linux has 108. */
const MAX_SOCKET_PATH_BYTES = 104;

export interface AdminSocket {
  readonly path: string;
  /** Deletes what was made for it. */
  remove(): Promise<void>;
}

/**
 * Where Mosquitto listens for this program alone: in its own folder; or, where that path is too long for a socket or has a
 * space, at which a listener's line ends, in a new folder that only this user enters.
 *
 * Throws `bad_option` when there is no place at all.
 */
export async function adminSocketIn(dir: string): Promise<AdminSocket> {
  const inDir = join(dir, 'admin.sock');
  if (isPlain(inDir)) return { path: inDir, remove: () => rm(inDir, { force: true }) };
  const ours = await mkdtemp(join(tmpdir(), 'secure-esp-'));
  const path = join(ours, 'admin.sock');
  const remove = (): Promise<void> => rm(ours, { recursive: true, force: true });
  if (isPlain(path)) return { path, remove };
  await remove();
  throw new BrokerError('bad_option', 'dir and the folder for temporary files have paths that are too long, or spaces');
}

const isPlain = (path: string): boolean => Buffer.byteLength(path) < MAX_SOCKET_PATH_BYTES && !/\s/.test(path);

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
