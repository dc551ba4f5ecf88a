import cliProgress from 'cli-progress';
import type { CliContext } from '../context.js';

export interface BatchProgress {
  readonly done: number;
  readonly total: number;
  readonly issued: number;
}

export interface BatchDisplay {
  readonly update: (progress: BatchProgress) => void;
  readonly close: () => void;
}

/** A few devices are done before a bar is drawn. */
const MIN_DEVICES = 100;
const LINE_EVERY_MS = 2_000;

/**
 * How far a long run is, on standard error, where it does not mix with the result: a bar on a terminal, a line every two
 * seconds elsewhere.
 */
export function createBatchDisplay(context: CliContext, total: number): BatchDisplay {
  if (total < MIN_DEVICES) return { update: () => undefined, close: () => undefined };
  return (context.stderr as { readonly isTTY?: boolean }).isTTY === true ? bar(context, total) : lines(context);
}

function bar({ stderr }: CliContext, total: number): BatchDisplay {
  const format = '[{bar}] {value}/{total} devices  {issued} made  {duration_formatted}';
  const single = new cliProgress.SingleBar(
    { format, barsize: 28, stream: stderr, gracefulExit: false, hideCursor: false },
    cliProgress.Presets.shades_grey,
  );
  single.start(total, 0, { issued: 0 });
  return {
    update: ({ done, issued }) => {
      single.update(done, { issued });
    },
    close: () => {
      single.stop();
    },
  };
}

function lines({ stderr }: CliContext): BatchDisplay {
  let lastMs = Date.now();
  return {
    update: ({ done, total, issued }) => {
      if (done < total && Date.now() - lastMs < LINE_EVERY_MS) return;
      lastMs = Date.now();
      stderr.write(`${done}/${total} devices, ${issued} made\n`);
    },
    close: () => undefined,
  };
}
