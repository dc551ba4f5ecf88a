import { Argument, type Command } from 'commander';
import type { CliContext } from '../context.js';
import { SHELLS, type Shell } from '../completion/shells.js';

/** What the scripts call at every press of Tab. */
export const COMPLETE_COMMAND = 'complete';

/** `secure-esp completion`, and the hidden command that its scripts ask. */
export function addCompletion(program: Command, context: CliContext): void {
  program
    .command('completion')
    .description('Prints a script that completes commands, options and values in your shell.')
    .addArgument(new Argument('<shell>', 'which shell').choices(SHELLS))
    .action(async (shell: Shell) => {
      const { completionScript } = await import('../completion/shells.js');
      context.stdout.write(completionScript(shell, program.name()));
    });
  program
    .command(`${COMPLETE_COMMAND} [words...]`, { hidden: true })
    .description('Completes the last of these words; for the scripts of `completion`.')
    .action(async (words: string[]) => {
      const { complete } = await import('../completion/complete.js');
      const { candidates, files } = await complete(context, program, words);
      for (const { value, description } of candidates) context.stdout.write(`${value}\t${description}\n`);
      context.stdout.write(`:${files}\n`);
    });
}
