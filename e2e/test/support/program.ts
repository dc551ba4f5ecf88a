import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** The command line as built in this workspace. */
export const BIN = fileURLToPath(new URL('../../../packages/cli/bin/secure-esp.js', import.meta.url));

/** A program started by a test: what it printed so far, and how it ended. */
export interface Program {
  readonly child: ChildProcess;
  /** Standard output and standard error, in the order they came. */
  output(): string;
  /** Resolves with the match once the output has it; rejects if the program ends first or at the deadline. */
  waitFor(pattern: RegExp, deadlineMs?: number): Promise<RegExpMatchArray>;
  /** Resolves with the exit code (128 for a signal). */
  readonly ended: Promise<number>;
  /** Sends a signal and waits for the end; kills it at the deadline. */
  stop(signal?: NodeJS.Signals, deadlineMs?: number): Promise<number>;
}

/** Starts a program with nothing on standard input. */
export function startProgram(
  command: string,
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): Program {
  const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  const watchers = new Set<() => void>();
  const notify = (): void => {
    for (const watcher of [...watchers]) watcher();
  };
  const onData = (data: Buffer): void => {
    text += data.toString();
    notify();
  };
  child.stdout.on('data', onData);
  child.stderr.on('data', onData);
  let code: number | undefined;
  const ended = new Promise<number>((resolve) => {
    child.once('error', (error) => {
      text += `\n${command}: ${error.message}\n`;
      resolve((code = 127));
      notify();
    });
    child.once('close', (exitCode) => {
      resolve((code = exitCode ?? 128));
      notify();
    });
  });

  const waitFor = (pattern: RegExp, deadlineMs = 60_000): Promise<RegExpMatchArray> =>
    new Promise((resolve, reject) => {
      const fail = (why: string): void => {
        done();
        reject(new Error(`${why} before ${String(pattern)} appeared. Output:\n${text}`));
      };
      const timer = setTimeout(() => {
        fail(`${deadlineMs} ms passed`);
      }, deadlineMs);
      const check = (): void => {
        const match = pattern.exec(text);
        if (match !== null) {
          done();
          resolve(match);
        } else if (code !== undefined) fail(`the program ended with ${code}`);
      };
      const done = (): void => {
        clearTimeout(timer);
        watchers.delete(check);
      };
      watchers.add(check);
      check();
    });

  const stop = async (signal: NodeJS.Signals = 'SIGINT', deadlineMs = 15_000): Promise<number> => {
    child.kill(signal);
    const timer = setTimeout(() => child.kill('SIGKILL'), deadlineMs);
    const result = await ended;
    clearTimeout(timer);
    return result;
  };
  return { child, output: () => text, waitFor, ended, stop };
}

/** Starts `secure-esp` as built in this workspace. */
export const startCli = (args: readonly string[], cwd: string): Program =>
  startProgram(process.execPath, [BIN, ...args], { cwd });

/** Runs a program to its end. */
export async function runProgram(
  command: string,
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<{ code: number; output: string }> {
  const program = startProgram(command, args, options);
  const code = await program.ended;
  return { code, output: program.output() };
}

/** Runs `secure-esp` to its end. */
export const runCli = (args: readonly string[], cwd: string): Promise<{ code: number; output: string }> =>
  runProgram(process.execPath, [BIN, ...args], { cwd });
