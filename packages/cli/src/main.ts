import { CommanderError } from 'commander';
import type { CliContext } from './context.js';
import { errorDocument, factsOf, presentError, type ErrorFacts } from './errors.js';
import { explainMissingTree } from './explain-missing-tree.js';
import { createProgram } from './program.js';
import { styleOf } from './terminal/style.js';

/**
 * Runs one command line (without `node` and the script) and resolves with its exit code: 0 done, 1 refused or failed,
 * 2 wrong usage, 130 a question was answered with Ctrl-C. Errors are one sentence and a next step on standard error;
 * `--verbose` adds stack traces, `--json` makes them one document.
 */
export async function main(argv: readonly string[], given: CliContext): Promise<number> {
  const context: CliContext = { ...given };
  const has = (flag: string): boolean => argv.slice(0, indexOfEnd(argv)).includes(flag);
  const json = has('--json');
  const writeError = (facts: Omit<ErrorFacts, 'exitCode'>): void => {
    context.stderr.write(`${JSON.stringify(errorDocument(facts))}\n`);
  };
  const program = createProgram(context, { json });
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return 0;
  } catch (thrown) {
    if (thrown instanceof CommanderError) {
      // commander has printed its own message; --help and --version are no failures.
      if (thrown.exitCode === 0) return 0;
      if (json) writeError(usageFacts(thrown));
      return 2;
    }
    if (context.signal.aborted) return 1;
    const error = await explainMissingTree(context, thrown);
    const { text, exitCode } = presentError(error, has('--verbose'), styleOf(context.stderr, context.env));
    if (json) writeError(factsOf(error));
    else context.stderr.write(`${text}\n`);
    return exitCode;
  }
}

/** After `--` there are no options. */
const indexOfEnd = (argv: readonly string[]): number | undefined =>
  argv.includes('--') ? argv.indexOf('--') : undefined;

/** What commander said, as one sentence. */
const usageFacts = ({ message, code }: CommanderError): Omit<ErrorFacts, 'exitCode'> => ({
  code: 'usage',
  message: code === 'commander.help' ? 'this needs a command.' : message.replace(/^error: /, '').replace(/\n/g, ' '),
  nextStep: 'Run with --help for what it takes.',
});
