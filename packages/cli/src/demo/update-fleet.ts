import type { CliContext } from '../context.js';
import type { ProgressDisplay } from '../terminal/progress-display.js';
import type { House } from './house.js';

/** Updates the devices one after the other, with a bar each. */
export async function updateFleet(context: CliContext, house: House, display: ProgressDisplay): Promise<void> {
  for (const id of house.devices) {
    const bar = display.add(id);
    const result = await house.client.device(id).update.run({
      signal: context.signal,
      onProgress: (progress) => {
        bar.update(progress);
      },
    });
    bar.finish(result.updated ? `${result.from} -> ${result.to}, confirmed` : 'nothing newer is offered');
  }
}

/** Shows what the devices log until `signal` is aborted. */
export async function showLogs(house: House, signal: AbortSignal, log: (line: string) => void): Promise<void> {
  for await (const event of house.client.watch({ signal, types: ['log'] })) {
    // Devices log to their own topic and to the broadcast one; one of the two is enough here.
    if (event.type === 'log' && event.device !== undefined) log(`  ${event.device}  ${event.value}`);
  }
}
