import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { CliError } from '../errors.js';
import { WpOutputReader, type WpReport } from './wp-report.js';

/** The provers that are asked, in this order, for each goal. */
export const PROVERS = ['cvc4', 'z3'] as const;

/** What is proved of each function: no undefined behaviour, no overflow or truncation of any integer, its contract, its end. */
export const WP_OPTIONS: readonly string[] = [
  '-machdep',
  'gcc_x86_32',
  '-wp',
  '-wp-rte',
  '-warn-unsigned-overflow',
  '-warn-unsigned-downcast',
  '-warn-signed-downcast',
  '-wp-prover',
  PROVERS.join(','),
];

export interface RunFramaCOptions {
  /** The file to prove, and the folder of its headers and of `proof.h`. */
  readonly source: string;
  readonly folder: string;
  /** Only these, if there are any. */
  readonly functions: readonly string[];
  /** For one prover and one goal. */
  readonly goalTimeoutSeconds: number;
  readonly jobs: number;
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
  readonly onGoal: (done: number, scheduled: number) => void;
}

const INSTALL = 'Install it: `apt-get install frama-c-base why3 cvc4 z3`, then run `why3 config detect` once.';

/** Runs Frama-C's WP over a file; rejects with a {@link CliError} if it is not there or does not come to its end. */
export async function runFramaC(options: RunFramaCOptions): Promise<WpReport> {
  const { source, folder, functions, goalTimeoutSeconds, jobs, deadlineMs, signal, onGoal } = options;
  const include = `-cpp-extra-args=-I${folder} -include ${folder}/proof.h -std=c11`;
  const limits = ['-wp-timeout', String(goalTimeoutSeconds), '-wp-par', String(jobs), '-wp-cache', 'none'];
  const chosen = functions.length === 0 ? [] : ['-wp-fct', functions.join(',')];
  const reader = new WpOutputReader(onGoal);
  const tail: string[] = [];
  // AbortSignal.any holds its signals weakly: an AbortSignal.timeout that is nowhere else is collected and never fires.
  const late = new AbortController();
  const timer = setTimeout(() => {
    late.abort();
  }, deadlineMs);
  const result = await runLines('frama-c', [...WP_OPTIONS, ...limits, ...chosen, include, source], {
    signal: AbortSignal.any([signal, late.signal]),
    // what it and the provers leave there when they are ended goes with the folder
    temporary: folder,
    onLine: (line) => {
      reader.read(line);
      tail.push(line);
      if (tail.length > 4) tail.shift();
    },
  }).finally(() => {
    clearTimeout(timer);
  });
  if (result === 'missing') throw new CliError('Frama-C is not installed.', INSTALL);
  signal.throwIfAborted();
  if (result === 'aborted')
    throw new CliError(
      `the proof did not end within ${String(deadlineMs / 60_000)} minutes.`,
      'Give it more with --limit-minutes, or more processes with --jobs.',
    );
  const report = reader.finish();
  if (result === 0 && report !== undefined) return report;
  throw new CliError(`Frama-C gave up (${String(result)}): ${tail.join(' ').slice(0, 600)}`, INSTALL);
}

/** `25.0 (Manganese)` */
export async function framaCVersion(signal: AbortSignal): Promise<string> {
  const lines: string[] = [];
  const result = await runLines('frama-c', ['-version'], { signal, onLine: (line) => lines.push(line) });
  if (result === 'missing') throw new CliError('Frama-C is not installed.', INSTALL);
  return lines.join(' ').trim();
}

type Ending = number | 'missing' | 'aborted';

interface RunLinesOptions {
  readonly signal: AbortSignal;
  readonly onLine: (line: string) => void;
  /** Its folder for temporary files. */
  readonly temporary?: string;
}

/** Runs a program and hands over the lines of both its outputs; its children end with it. */
function runLines(
  program: string,
  args: readonly string[],
  { signal, onLine, temporary }: RunLinesOptions,
): Promise<Ending> {
  return new Promise((resolve) => {
    const env = temporary === undefined ? process.env : { ...process.env, TMPDIR: temporary };
    const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    const stop = (): void => {
      // The provers are children of Frama-C: the whole group has to go.
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    };
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on('line', onLine);
    const end = (ending: Ending): void => {
      signal.removeEventListener('abort', stop);
      resolve(ending);
    };
    child.on('error', () => {
      end('missing');
    });
    child.on('close', (code) => {
      end(signal.aborted ? 'aborted' : (code ?? 'aborted'));
    });
  });
}
