import type { CommandName, Protocol, TopicInput } from '@secure-esp/protocol';
import type { CommandArguments } from '../commands/command-tree.js';
import type { Accepted, CamelCase, HasUpdateRun, Head, Tail } from '../naming.js';
import type { UpdateResult } from '../update/run-update.js';
import type { FleetCommandOptions, FleetUpdateOptions } from './fleet-options.js';
import type { FleetRun } from './fleet-run.js';

/** One command as a method. `update/run` of a contract with update states is the awaited update instead. */
type FleetCommand<P extends Protocol, K extends CommandName<P>> = K extends 'update/run'
  ? HasUpdateRun<P> extends true
    ? (options?: FleetUpdateOptions) => FleetRun<UpdateResult>
    : PlainFleetCommand<P, K>
  : PlainFleetCommand<P, K>;

type PlainFleetCommand<P extends Protocol, K extends CommandName<P>> = (
  ...args: CommandArguments<TopicInput<P, K>, FleetCommandOptions>
) => FleetRun<Accepted<P>>;

type FleetTree<P extends Protocol, K extends string, Prefix extends string> = {
  readonly [H in Head<K> as CamelCase<H>]: (H extends K
    ? FleetCommand<P, Extract<`${Prefix}${H}`, CommandName<P>>>
    : unknown) &
    ([Tail<K, H>] extends [never] ? unknown : FleetTree<P, Tail<K, H>, `${Prefix}${H}/`>);
};

/** A contract's commands as methods that command many devices: `update/use_url` becomes `update.useUrl(value)`. */
export type FleetCommands<P extends Protocol> = FleetTree<P, CommandName<P>, ''>;
