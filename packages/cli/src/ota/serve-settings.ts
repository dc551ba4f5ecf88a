import { isChannelName } from '@secure-esp/ota-server';
import { type CliContext } from '../context.js';
import { firmwareDir } from '../commands/ota-publish.js';
import { CliError } from '../errors.js';
import { pathOf } from '../files.js';
import type { LogLevel } from './log-levels.js';

/** What every process of the update server must know. */
export interface ServeSettings {
  /** Root of the certificate tree. */
  readonly dir: string;
  readonly firmware: string;
  readonly host: string;
  readonly port: number;
  readonly logLevel: LogLevel;
  readonly drainMs: number;
  /** Channels for clients without a certificate, until then. */
  readonly bridge: { readonly channels: readonly string[]; readonly until: Date } | undefined;
}

export interface ServeChoices {
  readonly dir: string;
  readonly firmware?: string;
  readonly host: string;
  readonly port: number;
  readonly logLevel: LogLevel;
  /** seconds */
  readonly drainTimeout: number;
  readonly dangerouslyServeWithoutClientCertificate?: readonly string[];
  readonly until?: string;
}

/** @throws CliError with exit code 2 for options that do not go together */
export function serveSettings(context: CliContext, choices: ServeChoices): ServeSettings {
  return Object.freeze({
    dir: pathOf(context, choices.dir),
    firmware: firmwareDir(context, choices),
    host: choices.host,
    port: choices.port,
    logLevel: choices.logLevel,
    drainMs: choices.drainTimeout * 1000,
    bridge: bridgeOf(choices.dangerouslyServeWithoutClientCertificate, choices.until),
  });
}

const OPTION = '--dangerously-serve-without-client-certificate';

function bridgeOf(channels: readonly string[] | undefined, text: string | undefined): ServeSettings['bridge'] {
  if (channels === undefined) {
    if (text === undefined) return undefined;
    throw new CliError(`--until says when ${OPTION} ends, which is not given.`, undefined, 2);
  }
  if (text === undefined) throw new CliError(`${OPTION} needs a last day: --until YYYY-MM-DD.`, undefined, 2);
  const wrong = channels.find((name) => !isChannelName(name));
  if (wrong !== undefined) throw new CliError(`${OPTION}: ${JSON.stringify(wrong)} is no channel.`, undefined, 2);
  return Object.freeze({ channels: Object.freeze([...channels]), until: untilOf(text) });
}

const DAY = /^\d{4}-\d\d-\d\d$/;
const TIME = /^(\d{4}-\d\d-\d\d)T\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d)$/;

/** A day counts to its end, in UTC. */
export function untilOf(text: string): Date {
  const day = DAY.test(text) ? text : TIME.exec(text)?.[1];
  const until = new Date(day === text ? `${text}T24:00:00Z` : text);
  if (day !== undefined && isDay(day) && !Number.isNaN(until.getTime())) return until;
  throw new CliError(
    `--until must be a day such as 2027-01-31 or a time such as 2027-01-31T12:00:00Z, not ${JSON.stringify(text)}.`,
    undefined,
    2,
  );
}

/** Date takes 30 February for 2 March. */
function isDay(text: string): boolean {
  const midnight = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(midnight.getTime()) && midnight.toISOString().startsWith(text);
}

/** What to say about clients without a certificate, before anything listens. */
export function bridgeWarning({ bridge }: ServeSettings, now: Date): string | undefined {
  if (bridge === undefined) return undefined;
  const { channels, until } = bridge;
  const end = until.toISOString();
  if (now >= until) return `WARNING: ${OPTION} has ended (${end}): every client needs a certificate.`;
  const files = channels.map((name) => `/${name}.bin`).join(', ');
  return `WARNING: until ${end} everybody who reaches this port can download ${files} without a client certificate.`;
}
