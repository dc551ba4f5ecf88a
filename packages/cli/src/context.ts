import type { Readable } from 'node:stream';
import type { Project } from './project/load-project.js';

/** What a command needs of the world; tests give their own. */
export interface CliContext {
  /** Relative paths on the command line are relative to this. */
  readonly cwd: string;
  /** Results. `isTTY` allows colours and live tables. */
  readonly stdout: NodeJS.WritableStream & { readonly isTTY?: boolean };
  /** Progress, warnings and errors. */
  readonly stderr: NodeJS.WritableStream;
  /** Default: standard input of the process. */
  readonly stdin?: Readable;
  /** Default: that of the process. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Program of one process of `ota serve`. Default: none, all is served by this process. */
  readonly otaWorker?: string;
  /** The project of this command line, once it was read; commands have its values in their options. */
  project?: Project;
  /** Aborted by the first Ctrl-C or SIGTERM: everything started is then closed. */
  readonly signal: AbortSignal;
}

/** Writes one line to standard output. */
export const print = (context: CliContext, line = ''): void => {
  context.stdout.write(`${line}\n`);
};

/** Resolves when the user asks to stop. */
export const untilAborted = (signal: AbortSignal): Promise<void> =>
  signal.aborted
    ? Promise.resolve()
    : new Promise((resolve) => {
        signal.addEventListener(
          'abort',
          () => {
            resolve();
          },
          { once: true },
        );
      });
