import { createLogUpdate } from 'log-update';
import type { CliContext } from '../context.js';

/** A terminal that knows its size; where it does not, 80 by 24. */
interface Screen extends NodeJS.WritableStream {
  readonly columns?: number;
  readonly rows?: number;
}

export interface LiveView {
  /** Something changed: draws soon, and not more often than can be seen. */
  readonly changed: () => void;
  /** Draws the last state, leaves it on the screen and gives the cursor back. Idempotent. */
  readonly close: () => void;
}

const DRAW_EVERY_MS = 100;
const ERASE_LINE = '\r\u001b[K';
/** Times that are shown grow by themselves. */
const REDRAW_EVERY_MS = 1_000;

/** Draws what `picture` returns at the end of a terminal, again at every change and when the terminal changes its size. */
export function createLiveView(
  { stdout }: Pick<CliContext, 'stdout'>,
  picture: (size: { readonly width: number; readonly height: number }) => string,
): LiveView {
  const screen = stdout as Screen;
  const log = createLogUpdate(stdout);
  let timer: NodeJS.Timeout | undefined;
  let open = true;
  const draw = (): void => {
    clearTimeout(timer);
    timer = undefined;
    // The last line stays free for the cursor: a full screen would scroll.
    log(picture({ width: screen.columns ?? 80, height: (screen.rows ?? 24) - 1 }));
  };
  const onResize = (): void => {
    log.clear();
    draw();
  };
  const ticking = setInterval(draw, REDRAW_EVERY_MS);
  screen.on('resize', onResize);
  draw();
  return {
    changed: () => {
      if (open) timer ??= setTimeout(draw, DRAW_EVERY_MS);
    },
    close: () => {
      if (!open) return;
      open = false;
      clearInterval(ticking);
      screen.off('resize', onResize);
      // The terminal echoes Ctrl-C as `^C` where the cursor is: what comes next should not begin behind it.
      screen.write(ERASE_LINE);
      draw();
      log.done();
    },
  };
}
