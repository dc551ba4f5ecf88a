import { parameterOf, type Protocol } from '@secure-esp/protocol';
import { CliError } from '../errors.js';
import type { AnyClient } from '../operator.js';
import { byId, DeviceBoard, type DeviceRow } from './device-board.js';

/** Brokers send what they retain right after they granted a subscription: this long a silence means that was all. */
const QUIET_MS = 300;
/** A fleet that reports all the time is never silent. */
const MOST_MS = 5_000;
/** More than a fleet retains. */
const QUEUE_SIZE = 1_000_000;

/** Leaves of what devices report and brokers keep. */
export const retainedLeaves = (protocol: Protocol): readonly string[] =>
  Object.entries(protocol.topics)
    .filter(([, topic]) => topic.direction === 'event' && topic.retain && topic.scopes.includes('device'))
    .map(([leaf]) => leaf)
    .filter((leaf) => !leaf.split('/').some((level) => parameterOf(level) !== undefined));

/** Every device that the broker retains something of. */
export async function collectDevices(client: AnyClient, signal: AbortSignal): Promise<readonly DeviceRow[]> {
  const board = new DeviceBoard();
  const types = retainedLeaves(client.protocol);
  if (types.length === 0) return [];
  const quiet = new AbortController();
  const stream = client.watch({ types, queueSize: QUEUE_SIZE, signal: AbortSignal.any([signal, quiet.signal]) });
  const end = (): void => {
    quiet.abort();
  };
  let timer: NodeJS.Timeout | undefined;
  const last = setTimeout(end, MOST_MS);
  try {
    await stream.ready;
    timer = setTimeout(end, QUIET_MS);
    for await (const event of stream) {
      board.apply(event);
      timer.refresh();
    }
  } finally {
    clearTimeout(timer);
    clearTimeout(last);
    await stream.close();
  }
  signal.throwIfAborted();
  return board.rows();
}

/** Ids of the devices that are online. Throws if there is none: a command for nobody is a mistake. */
export async function onlineDevices(client: AnyClient, signal: AbortSignal): Promise<readonly string[]> {
  const { protocol } = client;
  if (protocol.topics['status']?.direction !== 'event')
    throw new CliError(
      `the contract ${protocol.name} does not tell who is online: it has no status.`,
      'Name the devices instead of --all.',
    );
  const presence = client.presence({ signal });
  try {
    await presence.ready;
    const online = [...presence.devices].filter(([, entry]) => entry.online).map(([id]) => id);
    if (online.length === 0) throw new CliError('no device is online.', 'See them with `secure-esp device list`.');
    return online.sort(byId.compare);
  } finally {
    await presence.close();
  }
}
