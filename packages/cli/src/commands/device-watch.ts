import { print, type CliContext } from '../context.js';
import { asOperator, type OperatorOptions } from '../operator.js';
import { eventLine } from '../terminal/event-line.js';

export interface DeviceWatchOptions extends OperatorOptions {
  readonly json?: true;
}

/** `secure-esp device watch` */
export async function deviceWatch(
  context: CliContext,
  id: string | undefined,
  options: DeviceWatchOptions,
): Promise<void> {
  await asOperator(context, options, async (client) => {
    for await (const event of client.watch({ signal: context.signal, ...(id === undefined ? {} : { device: id }) })) {
      print(context, options.json === true ? JSON.stringify(event) : eventLine(event));
    }
  });
}
