import cliProgress from 'cli-progress';
import type { CliContext } from '../context.js';

export interface UploadDisplay {
  readonly update: (bytes: number) => void;
  readonly close: () => void;
}

/** Less is there before a bar is drawn. */
const MIN_BYTES = 4 * 1024 * 1024;

/** How much of a large file has come, on standard error, if that is a terminal. `total` undefined: nobody knows. */
export function createUploadDisplay({ stderr }: CliContext, total: number | undefined): UploadDisplay {
  const isTerminal = (stderr as { readonly isTTY?: boolean }).isTTY === true;
  if (!isTerminal || (total !== undefined && total < MIN_BYTES)) {
    return { update: () => undefined, close: () => undefined };
  }
  const format = total === undefined ? '{value} KiB read' : '[{bar}] {value}/{total} KiB';
  const bar = new cliProgress.SingleBar(
    { format, barsize: 28, stream: stderr, gracefulExit: false, hideCursor: false },
    cliProgress.Presets.shades_grey,
  );
  const toKiB = (bytes: number): number => Math.ceil(bytes / 1024);
  bar.start(toKiB(total ?? 0), 0);
  return {
    update: (bytes) => {
      bar.update(toKiB(bytes));
    },
    close: () => {
      bar.stop();
    },
  };
}
