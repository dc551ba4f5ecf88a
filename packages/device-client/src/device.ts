import type {
  CommandName,
  EventDefinition,
  EventName,
  Protocol,
  SecureEspV1,
  TopicInput,
  TopicValue,
} from '@secure-esp/protocol';
import type { CommandOptions } from './commands/command-sender.js';
import type { CommandArguments, DeviceCommands } from './commands/command-tree.js';
import type { DeviceEvent, LeafStreamOptions, WatchOptions } from './events.js';
import type { Accepted, WatchableLeaf } from './naming.js';
import type { EventStream } from './streams/event-stream.js';
import type { WaitOptions } from './wait.js';

/** Methods that exist only if the contract has the event. */
type Named<P extends Protocol, K extends string, M extends string, F> =
  P['topics'] extends Readonly<Record<K, EventDefinition>> ? { readonly [N in M]: F } : unknown;

type Reader<P extends Protocol, K extends string> = K extends keyof P['topics']
  ? (options?: WaitOptions) => Promise<TopicValue<P, K>>
  : never;

type Stream<P extends Protocol, K extends string> = K extends keyof P['topics']
  ? (options?: LeafStreamOptions) => EventStream<TopicValue<P, K>>
  : never;

/** What every device offers, whatever its contract. */
export interface DeviceMethods<P extends Protocol> {
  readonly id: string;
  /**
   * Sends the raw command `leaf` and resolves with the device's reply. Throws {@link CommandError} if the device refuses,
   * `device_offline` if it is not there, `deadline` if it does not answer, `invalid_argument` for a bad value.
   */
  send<K extends CommandName<P>>(
    leaf: K,
    ...args: CommandArguments<TopicInput<P, K>, CommandOptions>
  ): Promise<Accepted<P>>;
  /** The retained value of an event. Throws `not_reported` if the broker has none. */
  read<K extends EventName<P>>(leaf: K, options?: WaitOptions): Promise<TopicValue<P, K>>;
  /** The values of one event as they come; a retained one first. */
  events<K extends WatchableLeaf<P>>(leaf: K, options?: LeafStreamOptions): EventStream<TopicValue<P, K>>;
  /** All events of this device. */
  watch(options?: WatchOptions<P>): EventStream<DeviceEvent<P>>;
  /** Deletes the device's retained values (status, update state, settings) from the broker. The device itself is not told. */
  forget(options?: WaitOptions): Promise<void>;
}

/** Readers and streams under short names, for the events of the secure-esp contract that `P` has. */
export type DeviceShortcuts<P extends Protocol> = Named<P, 'status', 'status', Reader<P, 'status'>> &
  Named<P, 'settings', 'settings', Reader<P, 'settings'>> &
  Named<P, 'update/state', 'updateState', Reader<P, 'update/state'>> &
  Named<P, 'update/state', 'states', Stream<P, 'update/state'>> &
  Named<P, 'log', 'logs', Stream<P, 'log'>>;

/** One device: its contract's commands as methods, its state and its events. */
export type Device<P extends Protocol = SecureEspV1> = DeviceMethods<P> &
  DeviceShortcuts<P> &
  Omit<DeviceCommands<P>, keyof DeviceMethods<P> | keyof DeviceShortcuts<P> | 'then'>;
