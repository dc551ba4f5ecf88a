import type { Protocol } from '@secure-esp/protocol';
import { addCommands } from './commands/command-tree.js';
import type { CommandOptions } from './commands/command-sender.js';
import type { FleetWatchOptions, LeafStreamOptions } from './events.js';
import type { EventSource } from './streams/event-source.js';
import type { UpdateRunOptions } from './update/run-update.js';
import type { WaitOptions } from './wait.js';

/** What a client does to one device. */
export interface DeviceActions {
  /** As the method of `device` with this leaf, so `update/run` is the awaited update. */
  command(device: string, leaf: string, value: unknown, options?: CommandOptions | UpdateRunOptions): Promise<unknown>;
  send(device: string, leaf: string, value: unknown, options?: CommandOptions): Promise<unknown>;
  read(device: string, leaf: string, options?: WaitOptions): Promise<unknown>;
  forget(device: string, options?: WaitOptions): Promise<void>;
}

/** The untyped device, built from the same contract at run time that {@link Device} maps over at compile time. */
export function createDevice(id: string, protocol: Protocol, actions: DeviceActions, source: EventSource): object {
  const read = (leaf: string, options?: WaitOptions): Promise<unknown> => actions.read(id, leaf, options);
  const events = (leaf: string, options?: LeafStreamOptions): object => source.values(id, leaf, options);
  const shortcut = (leaf: string, name: string, method: typeof read | typeof events): object =>
    protocol.topics[leaf]?.direction === 'event'
      ? { [name]: (options?: WaitOptions & LeafStreamOptions) => method(leaf, options) }
      : {};

  const device = {
    id,
    send: (leaf: string, ...args: unknown[]): Promise<unknown> => {
      const empty = protocol.topics[leaf]?.payload.encoding === 'empty';
      const [value, options] = empty ? [undefined, args[0]] : args;
      return actions.send(id, leaf, value, options as CommandOptions | undefined);
    },
    read,
    events,
    watch: (options: FleetWatchOptions<Protocol> = {}): object => source.watch(id, options),
    forget: (options?: WaitOptions): Promise<void> => actions.forget(id, options),
    ...shortcut('status', 'status', read),
    ...shortcut('settings', 'settings', read),
    ...shortcut('update/state', 'updateState', read),
    ...shortcut('update/state', 'states', events),
    ...shortcut('log', 'logs', events),
  };
  addCommands(device, protocol, (leaf, value, options) =>
    actions.command(id, leaf, value, options as CommandOptions | UpdateRunOptions | undefined),
  );
  return Object.freeze(device);
}
