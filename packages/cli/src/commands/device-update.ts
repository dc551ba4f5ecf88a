import type { FleetResult, UpdateResult } from '@secure-esp/device-client';
import { print, type CliContext } from '../context.js';
import { onlineDevices } from '../device/collect-devices.js';
import { checkIds } from '../device/device-ids.js';
import { resultToJson, toReport, type FleetReport } from '../device/fleet-report.js';
import { CliError } from '../errors.js';
import { asOperator, type AnyClient, type OperatorOptions } from '../operator.js';
import { createProgressDisplay, type ProgressBar, type ProgressDisplay } from '../terminal/progress-display.js';
import { printable } from './image-output.js';
import { printJson } from './pki-format.js';

export interface DeviceUpdateOptions extends OperatorOptions {
  /** Seconds, per device. */
  readonly deadline: number;
  readonly concurrency: number;
  readonly stopAfterFailures?: number;
  /** Every device that is online, instead of named ones. */
  readonly all?: true;
  readonly json?: true;
}

/** `secure-esp device update` */
export async function deviceUpdate(
  context: CliContext,
  typed: readonly string[],
  options: DeviceUpdateOptions,
): Promise<void> {
  if (typed.length > 0 === (options.all === true))
    throw new CliError('give ids or --all, one of the two.', 'See the devices with `secure-esp device list`.', 2);
  const named = checkIds(typed);
  const report = await asOperator(context, options, async (client) => {
    const ids = options.all === true ? await onlineDevices(client, context.signal) : named;
    // Bars and lines are for people; with --json standard output has the result and nothing else.
    const display = options.json === true ? undefined : createProgressDisplay(context, ids.length);
    try {
      return await updateAll(context, client, { ids, options, display });
    } finally {
      display?.close();
    }
  });
  conclude(context, report, options);
}

interface Plan {
  readonly ids: readonly string[];
  readonly options: DeviceUpdateOptions;
  readonly display: ProgressDisplay | undefined;
}

async function updateAll(
  context: CliContext,
  client: AnyClient,
  { ids, options, display }: Plan,
): Promise<FleetReport<UpdateResult>> {
  const { concurrency, stopAfterFailures, deadline } = options;
  const run = client.fleet(ids, { concurrency }).update?.run;
  if (run === undefined)
    throw new CliError(
      `the contract ${client.protocol.name} has no updates.`,
      'It needs `update/run` and `update/state`.',
    );
  const bars = new Map(ids.map((id) => [id, display?.add(id)]));
  const updates = run({
    ...{ stopAfterFailures, signal: context.signal, deadlineMs: deadline * 1000 },
    onProgress: (progress) => {
      bars.get(progress.device)?.update(progress);
    },
  });
  for await (const result of updates) end(bars.get(result.device), result);
  return toReport(await updates.all());
}

function end(bar: ProgressBar | undefined, result: FleetResult<UpdateResult>): void {
  if (result.ok) {
    const { value } = result;
    bar?.finish(value.updated ? `${value.from} -> ${value.to}, confirmed` : 'nothing newer is offered');
  } else if (result.error.code !== 'skipped') bar?.fail(printable(result.error.message));
}

function conclude(context: CliContext, report: FleetReport<UpdateResult>, options: DeviceUpdateOptions): void {
  const { results, skipped } = report;
  const updated = results.filter((result) => result.ok && result.value.updated).length;
  const failed = results.filter(({ ok }) => !ok);
  const counts = { updated, upToDate: results.length - updated - failed.length, failed: failed.length };
  if (options.json === true) {
    printJson(context, {
      ...counts,
      results: results.map((result: FleetResult<object>) => resultToJson(result)),
      skipped,
    });
  } else {
    const rest = skipped.length === 0 ? '' : `, ${skipped.length} not begun with`;
    print(
      context,
      `${results.length - failed.length} of ${results.length + skipped.length} done: ${updated} updated, ${counts.upToDate} up to date, ${failed.length} failed${rest}`,
    );
  }
  context.signal.throwIfAborted();
  const [first] = failed;
  if (first?.ok !== false) return;
  // of a single device the error itself, with its code and next step
  if (results.length + skipped.length === 1) throw first.error;
  const ids = failed
    .map(({ device }) => device)
    .slice(0, 5)
    .join(', ');
  throw new CliError(
    `${failed.length} of ${results.length} updates failed: ${ids}${failed.length > 5 ? ', …' : ''}.`,
    'Those devices run their old image; what each says is in `secure-esp device logs -f ID`.',
  );
}
