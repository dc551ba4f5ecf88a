import { CommanderError } from 'commander';
import type { CliContext } from './context.js';
import { presentError } from './errors.js';
import { createProgram } from './program.js';

/**
 * Runs one command line (without `node` and the script) and resolves with its exit code: 0 done, 1 refused or failed,
 * 2 wrong usage. Errors are one sentence and a next step on standard error; `--verbose` adds stack traces.
 */
export async function main(argv: readonly string[], context: CliContext): Promise<number> {
  const program = createProgram(context);
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return 0;
  } catch (error) {
    // commander has printed its own message; --help and --version are no failures.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (context.signal.aborted) return 1;
    const { text, exitCode } = presentError(error, argv.includes('--verbose'));
    context.stderr.write(`${text}\n`);
    return exitCode;
  }
}
