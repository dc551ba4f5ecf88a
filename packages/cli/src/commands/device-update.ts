import { print, type CliContext } from '../context.js';
import { asOperator, type OperatorOptions } from '../operator.js';
import { createProgressDisplay } from '../terminal/progress-display.js';

export interface DeviceUpdateOptions extends OperatorOptions {
  /** Seconds, per device. */
  readonly deadline: number;
}

/** `secure-esp device update` */
export async function deviceUpdate(
  context: CliContext,
  ids: readonly string[],
  options: DeviceUpdateOptions,
): Promise<void> {
  await asOperator(context, options, async (client) => {
    const display = createProgressDisplay(context);
    try {
      for (const id of ids) {
        const bar = display.add(id);
        const result = await client.device(id).update.run({
          signal: context.signal,
          deadlineMs: options.deadline * 1000,
          onProgress: (progress) => {
            bar.update(progress);
          },
        });
        bar.finish(result.updated ? `${result.from} -> ${result.to}, confirmed` : 'nothing newer is offered');
      }
    } finally {
      display.close();
    }
    print(context, `${ids.length} of ${ids.length} done`);
  });
}
