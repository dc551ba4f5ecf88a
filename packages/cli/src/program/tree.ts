import type { Command } from 'commander';

/** The commands below one that do something, each with its names: not those that only hold others, which have no options. */
export function* leafCommands(command: Command, above: readonly string[] = []): Generator<[string, Command]> {
  for (const child of command.commands) {
    const path = [...above, child.name()];
    if (child.commands.length === 0 || child.options.length > 0) yield [path.join(' '), child];
    yield* leafCommands(child, path);
  }
}

/** All commands below one. */
export function* allCommands(command: Command): Generator<Command> {
  for (const child of command.commands) {
    yield child;
    yield* allCommands(child);
  }
}
