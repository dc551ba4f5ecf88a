import { untilAborted, type CliContext } from '../context.js';
import { createDemoReport } from '../demo/demo-report.js';
import { printGuide, whatRuns } from '../demo/guide.js';
import { startHouse, type DemoOptions } from '../demo/house.js';
import { showLogs, updateFleet } from '../demo/update-fleet.js';
import { printJsonLine } from '../output.js';

export interface DemoCommandOptions extends DemoOptions {
  readonly once?: true;
  readonly json?: true;
}

/** `secure-esp demo`: everything on this machine, for real, with nothing left behind but the PKI. */
export async function demo(context: CliContext, options: DemoCommandOptions): Promise<void> {
  const report = createDemoReport(context, options.json === true);
  const house = await startHouse(context, options, report);
  const watching = new AbortController();
  const watched = showLogs(house, AbortSignal.any([context.signal, watching.signal]), report);
  try {
    await updateFleet(context, house, report);
    report.endUpdates();
    if (options.json === true) printJsonLine(context, whatRuns(house, options));
    else printGuide(context, house, options);
    if (options.once !== true) await Promise.race([untilAborted(context.signal), house.failed]);
  } finally {
    report.endUpdates();
    watching.abort();
    await watched;
    await house.close();
  }
}
