import type { FleetResult } from '@secure-esp/device-client';
import { print, type CliContext } from '../context.js';
import { onlineDevices } from '../device/collect-devices.js';
import { checkCommand, parseCommandValue } from '../device/command-value.js';
import { checkIds } from '../device/device-ids.js';
import { resultToJson, toReport } from '../device/fleet-report.js';
import { CliError } from '../errors.js';
import { loadProtocol } from '../load-protocol.js';
import { asOperator, type OperatorOptions } from '../operator.js';
import { printable } from './image-output.js';
import { printJson } from './pki-format.js';

export interface DeviceSendOptions extends OperatorOptions {
  readonly json?: true;
  /** Every device that is online, instead of named ones. */
  readonly all?: true;
  readonly concurrency: number;
  /** Seconds, per device. */
  readonly deadline: number;
}

/** `secure-esp device send`: `words` are ids (not with `--all`), the command, and its value. */
export async function deviceSend(
  context: CliContext,
  words: readonly string[],
  options: DeviceSendOptions,
): Promise<void> {
  const protocol = await loadProtocol(context, options.protocol);
  const [ids, leaf, ...typed] = options.all === true ? ['', ...words] : words;
  if (ids === undefined || leaf === undefined)
    throw new CliError('a command is missing.', 'For example `secure-esp device send esp-001 restart`.', 2);
  const named = options.all === true ? [] : checkIds(ids.split(','));
  checkCommand(protocol, leaf);
  const value = parseCommandValue(protocol, leaf, typed);
  const empty = protocol.topics[leaf]?.payload.encoding === 'empty';

  const { results, skipped } = await asOperator(context, options, async (client) => {
    const devices = options.all === true ? await onlineDevices(client, context.signal) : named;
    const patience = { signal: context.signal, deadlineMs: options.deadline * 1000 };
    const fleet = client.fleet(devices, { concurrency: options.concurrency });
    return toReport(await fleet.send(leaf, ...(empty ? ([patience] as const) : ([value, patience] as const))).all());
  });
  context.signal.throwIfAborted();
  const failed = results.filter(({ ok }) => !ok);
  if (options.json === true) {
    printJson(context, { command: leaf, results: results.map((result) => resultToJson(withReply(result))), skipped });
  } else if (named.length === 1) {
    // the way of a single device: its reply, or its error
    for (const result of results) {
      if (!result.ok) throw result.error;
      print(context, replyText(result.value));
    }
    return;
  } else for (const result of results) print(context, lineOf(result));
  if (failed.length > 0)
    throw new CliError(`${leaf} failed on ${failed.length} of ${results.length} devices.`, 'Each line says why.');
}

type Result = FleetResult<object | undefined>;

const withReply = (result: Result): FleetResult<object> =>
  result.ok ? { ...result, value: { reply: result.value ?? null } } : result;

/** Devices of a contract without replies say nothing: the broker has the command. */
const replyText = (reply: object | undefined): string => JSON.stringify(reply ?? { ok: true });

const lineOf = (result: Result): string =>
  `${result.device.padEnd(10)} ${result.ok ? replyText(result.value) : printable(result.error.message)}`;
