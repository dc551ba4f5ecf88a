import type { CliContext } from '../context.js';
import type { DemoReport } from './demo-report.js';
import type { House } from './house.js';

/** Updates the devices one after the other, in the order of their names. */
export async function updateFleet(context: CliContext, house: House, report: DemoReport): Promise<void> {
  for (const id of house.devices) {
    const result = await house.client.device(id).update.run({
      signal: context.signal,
      onProgress: (progress) => {
        report.progress(id, progress);
      },
    });
    report.updated(id, result);
  }
}

/** Shows what the devices log until `signal` is aborted. */
export async function showLogs(house: House, signal: AbortSignal, report: DemoReport): Promise<void> {
  for await (const event of house.client.watch({ signal, types: ['log'] })) {
    // Devices log to their own topic and to the broadcast one; one of the two is enough here.
    if (event.type === 'log' && event.device !== undefined) report.log(event.device, event.value);
  }
}
