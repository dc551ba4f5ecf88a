import type { Protocol, SecureEspV1 } from '@secure-esp/protocol';
import type { BroadcastCommands } from './commands/command-tree.js';
import type { Device } from './device.js';
import type { DeviceEvent, FleetWatchOptions } from './events.js';
import type { TlsSource } from './mqtt/link.js';
import type { Fleet } from './fleet/fleet.js';
import type { FleetOptions, FleetTarget, HasPresence } from './fleet/fleet-options.js';
import type { PresenceOptions, PresenceStream } from './fleet/presence-stream.js';
import type { EventStream } from './streams/event-stream.js';

/** For `client.close`. */
export interface CloseOptions {
  /** Longest wait for pending calls, milliseconds, 1..2147483647. Default: they are not waited for. */
  readonly deadlineMs?: number | undefined;
}

/** For `client.reload`. */
export interface ReloadOptions {
  /** The new identity. Default: what `connect` was given; if that is a function, it is asked again. */
  readonly tls?: TlsSource | undefined;
  /** Gives up connecting with the new identity. */
  readonly signal?: AbortSignal | undefined;
}

/** A connection to a fleet's broker. */
export interface Client<P extends Protocol = SecureEspV1> {
  /** This connection's random id, as it stands in its reply topic. */
  readonly id: string;
  readonly protocol: P;
  /** False while reconnecting and after `close`. */
  readonly connected: boolean;
  /** A handle on one device; nothing is sent. Throws `invalid_argument` unless `id` is `[A-Za-z0-9_-]{1,64}`. */
  device(id: string): Device<P>;
  /**
   * A handle on many devices: the same commands, one result for each device. Nothing is sent. Throws `invalid_argument`
   * for an id or a concurrency that is not allowed.
   */
  fleet(target: FleetTarget<P>, options?: FleetOptions): Fleet<P>;
  /** Commands to every device at once. They get no replies: each resolves when the broker has the command. */
  readonly broadcast: Omit<BroadcastCommands<P>, 'then'>;
  /** Events of all devices, and of the broadcast topics (`/esp/log`, with `device` undefined). */
  watch(options?: FleetWatchOptions<P>): EventStream<DeviceEvent<P>>;
  /** Who is online, kept up to date. Only for a contract with the event `status`. */
  readonly presence: HasPresence<P> extends true ? (options?: PresenceOptions) => PresenceStream : never;
  /**
   * Replaces the TLS identity without a restart. The new connection is opened first: if it fails, the call rejects
   * (`tls`, `refused`, `unreachable`, `deadline`, `aborted`) and the old identity stays in use. Then new calls take the new
   * connection, and the old one ends once its calls are acknowledged and everything is subscribed on the new one.
   * While reconnecting, the next attempt starts at once with the new identity, and nothing is awaited.
   */
  reload(options?: ReloadOptions): Promise<void>;
  /**
   * Says goodbye to the broker. New calls reject with `closed` at once; pending ones get `deadlineMs` to finish (default:
   * none) and then reject with `closed`; streams end. A second `close()` without a deadline ends the waiting. Idempotent.
   */
  close(options?: CloseOptions): Promise<void>;
  /** As {@link Client.close} without a deadline, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}
