import { untilAborted, type CliContext } from '../context.js';
import { printGuide } from '../demo/guide.js';
import { startHouse, type DemoOptions } from '../demo/house.js';
import { showLogs, updateFleet } from '../demo/update-fleet.js';
import { createProgressDisplay } from '../terminal/progress-display.js';

export interface DemoCommandOptions extends DemoOptions {
  readonly once?: true;
}

/** `secure-esp demo`: everything on this machine, for real, with nothing left behind but the PKI. */
export async function demo(context: CliContext, options: DemoCommandOptions): Promise<void> {
  const house = await startHouse(context, options);
  const display = createProgressDisplay(context);
  const watching = new AbortController();
  const watched = showLogs(house, AbortSignal.any([context.signal, watching.signal]), (line) => {
    display.log(line);
  });
  try {
    await updateFleet(context, house, display);
    display.close();
    printGuide(context, house, options);
    if (options.once !== true) await Promise.race([untilAborted(context.signal), house.failed]);
  } finally {
    display.close();
    watching.abort();
    await watched;
    await house.close();
  }
}
