import type { Protocol, SecureEspV1 } from '@secure-esp/protocol';
import type { BroadcastCommands } from './commands/command-tree.js';
import type { Device } from './device.js';
import type { DeviceEvent, FleetWatchOptions } from './events.js';
import type { EventStream } from './streams/event-stream.js';

/** A connection to a fleet's broker. */
export interface Client<P extends Protocol = SecureEspV1> {
  /** This connection's random id, as it stands in its reply topic. */
  readonly id: string;
  readonly protocol: P;
  /** False while reconnecting and after `close`. */
  readonly connected: boolean;
  /** A handle on one device; nothing is sent. Throws `invalid_argument` unless `id` is `[A-Za-z0-9_-]{1,64}`. */
  device(id: string): Device<P>;
  /** Commands to every device at once. They get no replies: each resolves when the broker has the command. */
  readonly broadcast: Omit<BroadcastCommands<P>, 'then'>;
  /** Events of all devices, and of the broadcast topics (`/esp/log`, with `device` undefined). */
  watch(options?: FleetWatchOptions<P>): EventStream<DeviceEvent<P>>;
  /** Says goodbye to the broker. Pending calls reject with `closed`, streams end. Idempotent. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}
