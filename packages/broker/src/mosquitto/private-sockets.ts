import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BrokerError } from '../errors.js';

/** `sun_path` of macOS, with its zero; Linux has 108. */
const MAX_SOCKET_PATH_BYTES = 104;
const ADMIN = 'admin.sock';
const OPERATORS = 'operators.sock';

/** Where Mosquitto listens for this program alone. */
export interface PrivateSockets {
  readonly admin: string;
  /** For operators whose certificate was checked already. */
  readonly operators: string;
  /** Deletes what was made for them. */
  remove(): Promise<void>;
}

/**
 * In Mosquitto's own folder; or, where that path is too long for a socket or has a space, at which a listener's line ends, in
 * a new folder that only this user enters.
 *
 * Throws `bad_option` when there is no place at all.
 */
export async function privateSocketsIn(dir: string): Promise<PrivateSockets> {
  const inDir = { admin: join(dir, ADMIN), operators: join(dir, OPERATORS) };
  if (isPlain(inDir.operators)) {
    return {
      ...inDir,
      async remove() {
        for (const path of [inDir.admin, inDir.operators]) await rm(path, { force: true });
      },
    };
  }
  const ours = await mkdtemp(join(tmpdir(), 'secure-esp-'));
  const remove = (): Promise<void> => rm(ours, { recursive: true, force: true });
  const inOurs = { admin: join(ours, ADMIN), operators: join(ours, OPERATORS) };
  if (isPlain(inOurs.operators)) return { ...inOurs, remove };
  await remove();
  throw new BrokerError('bad_option', 'dir and the folder for temporary files have paths that are too long, or spaces');
}

const isPlain = (path: string): boolean => Buffer.byteLength(path) < MAX_SOCKET_PATH_BYTES && !/\s/.test(path);
