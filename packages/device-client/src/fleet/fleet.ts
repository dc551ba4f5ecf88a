import type {
  CommandName,
  EventDefinition,
  EventName,
  Protocol,
  SecureEspV1,
  TopicInput,
  TopicValue,
} from '@secure-esp/protocol';
import { addCommands, type CommandArguments } from '../commands/command-tree.js';
import type { DeviceActions } from '../create-device.js';
import type { Timers } from '../environment.js';
import type { Lifetime } from '../lifetime.js';
import type { Accepted } from '../naming.js';
import type { UpdateProgress } from '../update/update-progress.js';
import type { FleetCommands } from './fleet-commands.js';
import type { FleetCallOptions, FleetCommandOptions, FleetUpdateOptions } from './fleet-options.js';
import { startFleetRun, type FleetPlan, type FleetRun } from './fleet-run.js';

/** What every fleet offers, whatever its contract. Each method is the one of `device`, for many devices. */
export interface FleetMethods<P extends Protocol> {
  /** Sends the raw command `leaf` to each device. */
  send<K extends CommandName<P>>(
    leaf: K,
    ...args: CommandArguments<TopicInput<P, K>, FleetCommandOptions>
  ): FleetRun<Accepted<P>>;
  /** The retained value of an event, of each device. */
  read<K extends EventName<P>>(leaf: K, options?: FleetCallOptions): FleetRun<TopicValue<P, K>>;
  /** Deletes each device's retained values from the broker. */
  forget(options?: FleetCallOptions): FleetRun<void>;
}

type Reader<P extends Protocol, K extends string, M extends string> =
  P['topics'] extends Readonly<Record<K, EventDefinition>>
    ? { readonly [N in M]: (options?: FleetCallOptions) => FleetRun<TopicValue<P, K & keyof P['topics']>> }
    : unknown;

/** Readers under short names, for the events of the secure-esp contract that `P` has. */
export type FleetShortcuts<P extends Protocol> = Reader<P, 'status', 'status'> &
  Reader<P, 'settings', 'settings'> &
  Reader<P, 'update/state', 'updateState'>;

/** Many devices: their contract's commands as methods that give one result for each device. */
export type Fleet<P extends Protocol = SecureEspV1> = FleetMethods<P> &
  FleetShortcuts<P> &
  Omit<FleetCommands<P>, keyof FleetMethods<P> | keyof FleetShortcuts<P> | 'then'>;

export interface FleetContext {
  readonly protocol: Protocol;
  readonly concurrency: number;
  readonly timers: Timers;
  readonly lifetime: Lifetime;
  readonly find: FleetPlan<unknown>['find'];
  readonly actions: DeviceActions;
}

/** The untyped fleet, built from the same contract at run time that {@link Fleet} maps over at compile time. */
export function createFleet(context: FleetContext): object {
  const { protocol, actions, ...shared } = context;
  const start = (what: string, options: FleetCallOptions = {}, call: FleetPlan<unknown>['call']): FleetRun<unknown> =>
    startFleetRun({ ...shared, what, options, call });
  const read = (leaf: string, options?: FleetCallOptions): FleetRun<unknown> =>
    start(leaf, options, (device, patience) => actions.read(device, leaf, patience));
  const isEmpty = (leaf: string): boolean => protocol.topics[leaf]?.payload.encoding === 'empty';
  const shortcut = (leaf: string, name: string): object =>
    protocol.topics[leaf]?.direction === 'event' ? { [name]: (options?: FleetCallOptions) => read(leaf, options) } : {};

  const fleet = {
    send: (leaf: string, ...args: unknown[]) => {
      const [value, options] = isEmpty(leaf) ? [undefined, args[0]] : args;
      const { requireOnline, ...rest } = (options ?? {}) as FleetCommandOptions;
      return start(leaf, rest, (device, patience) => actions.send(device, leaf, value, { ...patience, requireOnline }));
    },
    read,
    forget: (options?: FleetCallOptions) =>
      start('forget', options, (device, patience) => actions.forget(device, patience)),
    ...shortcut('status', 'status'),
    ...shortcut('settings', 'settings'),
    ...shortcut('update/state', 'updateState'),
  };
  addCommands(fleet, protocol, (leaf, value, options) => {
    const { requireOnline, onProgress, ...rest } = (options ?? {}) as FleetUpdateOptions;
    return start(leaf, rest, (device, patience) => {
      const progress = (step: UpdateProgress): void => onProgress?.({ ...step, device });
      const own = onProgress === undefined ? {} : { onProgress: progress };
      return actions.command(device, leaf, value, { ...patience, requireOnline, ...own });
    });
  });
  return Object.freeze(fleet);
}
