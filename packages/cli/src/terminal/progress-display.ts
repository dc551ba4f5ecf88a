import cliProgress from 'cli-progress';
import type { UpdateProgress } from '@secure-esp/device-client';
import type { CliContext } from '../context.js';

export interface ProgressBar {
  update(progress: UpdateProgress): void;
  finish(text: string): void;
  /** It ended, and not well. */
  fail(text: string): void;
}

/** Progress of updates, and log lines between them that do not tear the bars; after `close`, lines only. */
export interface ProgressDisplay {
  add(name: string): ProgressBar;
  log(line: string): void;
  close(): void;
}

/** Bars on a terminal that has room for so many, one line per change elsewhere (a file, a pipe, CI). */
export const createProgressDisplay = (context: CliContext, bars = 0): ProgressDisplay =>
  context.stdout.isTTY === true && bars < ((context.stdout as { readonly rows?: number }).rows ?? 24)
    ? createBars(context)
    : createLines(context);

function createBars(context: CliContext): ProgressDisplay {
  const bars = new cliProgress.MultiBar(
    {
      format: '{name}  [{bar}] {percentage} %  {text}',
      barsize: 28,
      forceRedraw: true,
      clearOnComplete: false,
      stream: context.stdout,
      gracefulExit: false,
    },
    cliProgress.Presets.shades_grey,
  );
  let open = true;
  return {
    add: (name) => {
      const bar = bars.create(100, 0, { name, text: 'waiting' });
      return {
        update: (progress) => {
          bar.update(percentOf(progress), { text: progress.state });
        },
        finish: (text) => {
          bar.update(100, { text });
          bar.stop();
        },
        fail: (text) => {
          bar.update({ text });
          bar.stop();
        },
      };
    },
    log: (line) => {
      if (open) bars.log(`${line}\n`);
      else context.stdout.write(`${line}\n`);
    },
    close: () => {
      if (!open) return;
      open = false;
      // Lines that wait for the next redraw would be lost.
      bars.update();
      bars.stop();
    },
  };
}

function createLines(context: CliContext): ProgressDisplay {
  const log = (line: string): void => {
    context.stdout.write(`${line}\n`);
  };
  return {
    add: (name) => {
      let last = '';
      return {
        update: (progress) => {
          const line = `${name}  ${String(percentOf(progress)).padStart(3)} %  ${progress.state}`;
          if (line !== last) log(line);
          last = line;
        },
        finish: (text) => {
          log(`${name}  100 %  ${text}`);
        },
        fail: (text) => {
          log(`${name}  ${text}`);
        },
      };
    },
    log,
    close: () => undefined,
  };
}

/** Bytes are nine tenths of an update; what follows the download fills the rest. */
function percentOf({ state, fraction }: UpdateProgress): number {
  if (state === 'confirmed') return 100;
  if (state === 'pending_confirm') return 97;
  if (state === 'rebooting') return 95;
  if (state === 'verifying') return 92;
  return Math.floor(fraction * 90);
}
