import type { CommandName, Protocol, TopicInput } from '@secure-esp/protocol';
import { DeviceClientError } from '../errors.js';
import { camelCase, type Accepted, type CamelCase, type HasUpdateRun, type Head, type Tail } from '../naming.js';
import { UPDATE_RUN_LEAF, UPDATE_STATE_LEAF, type UpdateResult, type UpdateRunOptions } from '../update/run-update.js';
import type { WaitOptions } from '../wait.js';
import type { CommandOptions } from './command-sender.js';

/** Arguments of a command: its value, unless it has none, then options. */
export type CommandArguments<V, O> = [V] extends [undefined] ? [options?: O] : [value: V, options?: O];

/** One command as a method. `update/run` of a contract with update states is the awaited update instead. */
type DeviceCommand<P extends Protocol, K extends CommandName<P>> = K extends 'update/run'
  ? HasUpdateRun<P> extends true
    ? (options?: UpdateRunOptions) => Promise<UpdateResult>
    : PlainDeviceCommand<P, K>
  : PlainDeviceCommand<P, K>;

type PlainDeviceCommand<P extends Protocol, K extends CommandName<P>> = (
  ...args: CommandArguments<TopicInput<P, K>, CommandOptions>
) => Promise<Accepted<P>>;

type BroadcastCommand<P extends Protocol, K extends CommandName<P>> = (
  ...args: CommandArguments<TopicInput<P, K>, WaitOptions>
) => Promise<void>;

type DeviceTree<P extends Protocol, K extends string, Prefix extends string> = {
  readonly [H in Head<K> as CamelCase<H>]: (H extends K
    ? DeviceCommand<P, Extract<`${Prefix}${H}`, CommandName<P>>>
    : unknown) &
    ([Tail<K, H>] extends [never] ? unknown : DeviceTree<P, Tail<K, H>, `${Prefix}${H}/`>);
};

type BroadcastTree<P extends Protocol, K extends string, Prefix extends string> = {
  readonly [H in Head<K> as CamelCase<H>]: (H extends K
    ? BroadcastCommand<P, Extract<`${Prefix}${H}`, CommandName<P>>>
    : unknown) &
    ([Tail<K, H>] extends [never] ? unknown : BroadcastTree<P, Tail<K, H>, `${Prefix}${H}/`>);
};

/** A contract's commands as methods: `update/use_url` becomes `update.useUrl(value)`. */
export type DeviceCommands<P extends Protocol> = DeviceTree<P, CommandName<P>, ''>;

/** The same for every device at once: no replies, so each resolves once the broker has the command. */
export type BroadcastCommands<P extends Protocol> = BroadcastTree<P, CommandName<P>, ''>;

/** True if `update/run` can be awaited to its end. The run-time twin of {@link HasUpdateRun}. */
export const hasUpdateRun = (protocol: Protocol): boolean =>
  protocol.topics[UPDATE_RUN_LEAF]?.direction === 'command' &&
  protocol.topics[UPDATE_STATE_LEAF]?.direction === 'event';

/** Calls a command: `value` is `undefined` for one without payload. Returns its promise, or whatever stands for it. */
export type CommandCall = (leaf: string, value: unknown, options: unknown) => object;

/** Names that must not become members: an object with a `then` method would be awaited. */
const NEVER_A_MEMBER = ['then'];

/**
 * Builds the methods onto `target`. A name that `target` already has stays as it is: the command is still reachable
 * through `device.send`. Throws `invalid_argument` if two leaves have the same name in camel case.
 */
export function addCommands(target: object, protocol: Protocol, call: CommandCall): void {
  const reserved = [...Object.keys(target), ...NEVER_A_MEMBER];
  const owners = new Map<string, string>();
  const leaves = Object.entries(protocol.topics).filter(([, topic]) => topic.direction === 'command');
  // Shorter leaves first: `update` must be a function before `update/run` becomes its member.
  for (const [leaf, topic] of leaves.sort(([a], [b]) => depthOf(a) - depthOf(b))) {
    const path = leaf.split('/').map(camelCase);
    const name = path.join('.');
    const owner = owners.get(name);
    if (owner !== undefined) {
      throw new DeviceClientError('invalid_argument', `the commands ${owner} and ${leaf} have the same name ${name}`);
    }
    owners.set(name, leaf);
    if (reserved.includes(path[0] ?? '')) continue;
    const empty = topic.payload.encoding === 'empty';
    const method = (...args: unknown[]): object =>
      empty ? call(leaf, undefined, args[0]) : call(leaf, args[0], args[1]);
    place(target, path, method);
  }
}

const depthOf = (leaf: string): number => leaf.split('/').length;

/** Own properties only, defined and never assigned: a leaf called `__proto__` or `name` is just a name. */
function place(target: object, path: readonly string[], method: object): void {
  const [name = '', ...rest] = path;
  if (rest.length === 0) {
    define(target, name, method);
    return;
  }
  const existing = Object.hasOwn(target, name) ? (target as Record<string, unknown>)[name] : undefined;
  const isNode = (typeof existing === 'object' && existing !== null) || typeof existing === 'function';
  const node = isNode ? existing : {};
  if (!isNode) define(target, name, node);
  place(node, rest, method);
}

const define = (target: object, name: string, value: object): void => {
  Object.defineProperty(target, name, { value, enumerable: true, configurable: true });
};
