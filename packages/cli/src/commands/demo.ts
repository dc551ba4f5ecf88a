import { untilAborted, type CliContext } from '../context.js';
import { printGuide } from '../demo/guide.js';
import { startHouse, type DemoOptions } from '../demo/house.js';
import { updateFleet } from '../demo/update-fleet.js';

export interface DemoCommandOptions extends DemoOptions {
  readonly once?: true;
}

/** `secure-esp demo`: everything on this machine, for real, with nothing left behind but the PKI. */
export async function demo(context: CliContext, options: DemoCommandOptions): Promise<void> {
  const house = await startHouse(context, options);
  try {
    await updateFleet(context, house);
    printGuide(context, house, options);
    if (options.once !== true) await Promise.race([untilAborted(context.signal), house.failed]);
  } finally {
    await house.close();
  }
}
