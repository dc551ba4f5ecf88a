import { print, type CliContext } from '../context.js';
import { sayConnection } from '../device/connection-line.js';
import { checkIds } from '../device/device-ids.js';
import { CliError } from '../errors.js';
import { asOperator, type OperatorOptions } from '../operator.js';
import { printable } from './image-output.js';

export interface DeviceLogsOptions extends OperatorOptions {
  readonly follow?: true;
  /** Seconds. */
  readonly for?: number;
  readonly json?: true;
}

/** Without `--follow` and `--for`, seconds. */
export const LOG_SECONDS = 10;
const LOG_LEAF = 'log';

/** `secure-esp device logs`: brokers keep no log lines, so what is printed is what comes from now on. */
export async function deviceLogs(
  context: CliContext,
  ids: readonly string[],
  options: DeviceLogsOptions,
): Promise<void> {
  if (options.follow === true && options.for !== undefined)
    throw new CliError('give --follow or --for, one of the two.', 'Run with --help for what it takes.', 2);
  const wanted = new Set(checkIds(ids));
  const seconds = options.for ?? LOG_SECONDS;
  let timer: NodeJS.Timeout | undefined;
  const time = new AbortController();
  const signal = AbortSignal.any([context.signal, time.signal]);
  await asOperator(
    context,
    options,
    async (client) => {
      if (client.protocol.topics[LOG_LEAF]?.direction !== 'event')
        throw new CliError(`the contract ${client.protocol.name} has no log lines.`, 'Try `device watch`.');
      const only = wanted.size === 1 ? [...wanted][0] : undefined;
      const stream = client.watch({ types: [LOG_LEAF], device: only, signal });
      await stream.ready.catch(ignoreEnd(signal));
      if (options.follow !== true) {
        timer = setTimeout(() => {
          time.abort();
        }, seconds * 1000);
        if (options.json !== true)
          context.stderr.write(`log lines of the next ${seconds} s; -f follows until Ctrl-C\n`);
      }
      for await (const { type, device, value, receivedAt, count } of stream) {
        if (type === 'dropped') context.stderr.write(`(${count ?? 0} lines were dropped: the terminal is too slow)\n`);
        else if (wanted.size > 0 && (device === undefined || !wanted.has(device))) continue;
        else if (options.json === true)
          print(context, JSON.stringify({ type, time: new Date(receivedAt), device: device ?? null, line: value }));
        else print(context, `${only === undefined ? `[${device ?? 'all'}] ` : ''}${printable(String(value))}`);
      }
    },
    { onConnectionChange: sayConnection(context) },
  ).finally(() => {
    clearTimeout(timer);
  });
}

/** The end of the wait, also when it comes before the broker has answered, is no failure. */
const ignoreEnd =
  (signal: AbortSignal) =>
  (error: unknown): void => {
    if (!signal.aborted) throw error;
  };
