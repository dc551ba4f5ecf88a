import type { Connection } from '../mqtt/connection.js';
import { startWait } from '../wait.js';
import type { FoundDevices } from './fleet-run.js';
import { openPresence, type PresenceSource } from './presence-stream.js';

/**
 * Everybody who is online now, sorted. The statuses stay subscribed until `release`: no command of the call needs a
 * subscription of its own. Rejects with `denied`, `unreachable`, `deadline`, `aborted` or
 * `closed`.
 */
export async function findPresent(
  source: PresenceSource,
  connection: Connection,
  signal: AbortSignal,
  deadlineMs: number,
): Promise<FoundDevices> {
  const what = 'finding who is online';
  const presence = openPresence(source);
  const release = (): void => void presence.close();
  const wait = startWait({ timers: source.timers, deadlineMs, what, signal, lifetime: connection.lifetime });
  try {
    await connection.withLink(what, wait, () => presence.ready);
    const online = [...presence.devices].filter(([, entry]) => entry.online);
    return { ids: online.map(([device]) => device).sort(), release };
  } catch (error) {
    release();
    throw error;
  } finally {
    wait.dispose();
  }
}
