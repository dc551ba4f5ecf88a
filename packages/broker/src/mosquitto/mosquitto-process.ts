import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { findExecutable } from './find-executable.js';

/** How a process ended; `signal` if it was killed by one. */
export interface ProcessEnd {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Set if it could not be executed at all. */
  readonly error?: Error;
}

/** A child process that logs to stderr and is not left behind. */
export interface SupervisedProcess {
  readonly pid: number | undefined;
  /** Resolves once the process has ended and its log was read to the end. Never rejects. */
  readonly ended: Promise<ProcessEnd>;
  /** The last lines of its log, oldest first. */
  log(): readonly string[];
  /** False if it had already ended. */
  signal(name: NodeJS.Signals): boolean;
  /** SIGTERM, and SIGKILL after the grace. */
  stop(graceMs: number): Promise<void>;
}

const LOG_LINES = 40;

/**
 * Starts a program. It ends with this process: on `exit` it is told to, and where Linux has `setpriv` the kernel does so even
 * if this process is killed.
 */
export async function superviseProcess(options: {
  executable: string;
  args: readonly string[];
  onLine: (line: string) => void;
}): Promise<SupervisedProcess> {
  const setpriv = process.platform === 'linux' ? await findExecutable('setpriv') : undefined;
  const [command, args] =
    setpriv === undefined
      ? [options.executable, options.args]
      : [setpriv, ['--pdeathsig', 'TERM', '--', options.executable, ...options.args]];
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const endWithParent = () => child.kill('SIGTERM');
  process.once('exit', endWithParent);

  const lines: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => {
    lines.push(line);
    if (lines.length > LOG_LINES) lines.shift();
    options.onLine(line);
  });
  const ended = endOf(child).finally(() => process.off('exit', endWithParent));

  return {
    pid: child.pid,
    ended,
    log: () => [...lines],
    signal: (name) => child.kill(name),
    async stop(graceMs) {
      const kill = setTimeout(() => child.kill('SIGKILL'), graceMs);
      child.kill('SIGTERM');
      await ended;
      clearTimeout(kill);
    },
  };
}

const endOf = (child: ChildProcess): Promise<ProcessEnd> =>
  new Promise((resolve) => {
    child.once('error', (error) => {
      resolve({ exitCode: null, signal: null, error });
    });
    // `close`, not `exit`: the last log lines have been read then.
    child.once('close', (exitCode, signal) => {
      resolve({ exitCode, signal });
    });
  });
