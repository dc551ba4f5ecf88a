import { isOtaError, type OtaClient, type OtaEvent } from '@secure-esp/ota-server';
import { pino, stdTimeFunctions, type Logger } from 'pino';
import type { LogLevel } from './log-levels.js';

export type OtaLog = Logger;

/** JSON lines. Texts of clients are escaped by JSON; nothing of a certificate but its name and role is written. */
export function createOtaLog(level: LogLevel, stream: { write(text: string): unknown }): OtaLog {
  return pino(
    {
      level,
      base: { pid: process.pid },
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: (line) => void stream.write(line) },
  );
}

const LEVELS: Readonly<Record<OtaEvent['type'], 'debug' | 'info' | 'warn' | 'error'>> = {
  replied: 'info',
  refused: 'warn',
  offered: 'info',
  not_offered: 'info',
  download_started: 'debug',
  download: 'info',
  handshake_failed: 'info',
  connection_closed: 'info',
  bridge_used: 'info',
  failed: 'error',
};

/** One line per event of the update server. */
export function logOtaEvent(log: OtaLog, event: OtaEvent): void {
  const { client, ...rest } = { client: undefined, ...event };
  log[LEVELS[event.type]]({
    ...(event.type === 'failed' ? { ...rest, error: describeError(event.error) } : rest),
    ...who(client),
  });
}

const who = (client: OtaClient | undefined): object =>
  client === undefined ? {} : { cn: client.cn, role: client.role };

interface ErrorDescription {
  readonly name: string;
  readonly code?: string;
  readonly message?: string;
  readonly cause?: ErrorDescription;
}

/** Only our own messages are known to hold no path and no key. */
export function describeError(error: unknown): ErrorDescription {
  if (!(error instanceof Error)) return { name: typeof error };
  const { code } = error as { code?: unknown };
  return {
    name: error.name,
    ...(typeof code === 'string' ? { code } : {}),
    ...(isOtaError(error) ? { message: error.message } : {}),
    ...(error.cause instanceof Error && error.cause !== error ? { cause: describeError(error.cause) } : {}),
  };
}
