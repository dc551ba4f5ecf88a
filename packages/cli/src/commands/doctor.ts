import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { print, type CliContext } from '../context.js';
import { brokerChecks } from '../doctor/system/broker-checks.js';
import { certificateChecks } from '../doctor/system/certificate-checks.js';
import type { Check, CheckResult, DoctorWorld, Verdict } from '../doctor/system/check.js';
import { listChecks } from '../doctor/system/list-checks.js';
import { programChecks } from '../doctor/system/program-checks.js';
import { runChecks } from '../doctor/system/run-checks.js';
import { treeChecks } from '../doctor/system/tree-checks.js';
import { updateServerChecks } from '../doctor/system/update-server-checks.js';
import { CliError } from '../errors.js';
import { pathOf } from '../files.js';
import { loadProtocol } from '../load-protocol.js';
import { printJson } from '../output.js';
import { styleOf } from '../terminal/style.js';
import { printable } from './image-output.js';
import { firmwareDir } from './ota-publish.js';

export interface DoctorOptions {
  readonly dir: string;
  readonly url: string;
  readonly deviceUrl: string;
  readonly ota: string;
  readonly firmware?: string;
  readonly protocol?: string;
  readonly offline?: true;
  readonly json?: true;
  /** For one look at a server, seconds. */
  readonly deadline: number;
}

/** Every check, in the order in which one thing needs the other. */
export const CHECKS: readonly Check[] = Object.freeze([
  ...programChecks,
  ...treeChecks,
  ...certificateChecks,
  ...listChecks,
  ...brokerChecks,
  ...updateServerChecks,
]);

/** `secure-esp doctor`: what keeps devices, broker, update server and operator apart, and what to do about it. */
export async function doctor(
  context: CliContext,
  options: DoctorOptions,
  given: Partial<Pick<DoctorWorld, 'now' | 'nodeVersion' | 'programDir'>> = {},
): Promise<void> {
  const world: DoctorWorld = {
    context,
    dir: pathOf(context, options.dir),
    firmware: firmwareDir(context, options),
    operatorUrl: urlOf(options.url, '--url', 'mqtts:'),
    deviceUrl: urlOf(options.deviceUrl, '--device-url', 'mqtts:'),
    otaUrl: urlOf(options.ota, '--ota', 'https:'),
    protocol: await loadProtocol(context, options.protocol),
    now: () => new Date(),
    nodeVersion: process.versions.node,
    programDir: dirname(fileURLToPath(import.meta.url)),
    deadlineMs: options.deadline * 1000,
    ...given,
  };
  const checks = CHECKS.filter(({ network }) => !network || options.offline !== true);
  const results: CheckResult[] = [];
  const show = options.json === true ? () => undefined : linePrinter(context);
  for await (const result of runChecks(checks, world)) {
    results.push(result);
    show(result);
  }
  const count = (verdict: Verdict): number => results.filter((result) => result.verdict === verdict).length;
  const counts = { ok: count('ok'), warn: count('warn'), fail: count('fail'), skip: count('skip') };
  if (options.json === true) printJson(context, { reportVersion: 1, counts, results });
  else {
    const skipped = counts.skip === 0 ? '' : `, ${counts.skip} not looked at`;
    print(context, `\n${counts.ok} ok, ${plural(counts.warn, 'warning')}, ${plural(counts.fail, 'failure')}${skipped}`);
  }
  if (counts.fail > 0)
    throw new CliError(`${plural(counts.fail, 'check')} failed.`, 'Each says what to do; begin with the first.', 1, {
      code: 'checks_failed',
    });
}

const plural = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;

function linePrinter(context: CliContext): (result: CheckResult) => void {
  const style = styleOf(context.stdout, context.env);
  const colours = { ok: style.green, warn: style.yellow, fail: style.red, skip: style.dim };
  return ({ id, verdict, message, nextStep }) => {
    print(context, `${colours[verdict](verdict.padEnd(4))}  ${id.padEnd(22)}  ${printable(message)}`);
    if (nextStep !== undefined) print(context, `${' '.repeat(30)}-> ${printable(nextStep)}`);
  };
}

function urlOf(text: string, option: string, protocol: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === protocol && url.hostname !== '') return url;
  throw new CliError(`${option} must be a URL that begins with ${protocol}//, not "${printable(text)}".`, undefined, 2);
}
