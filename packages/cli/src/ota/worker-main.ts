import cluster from 'node:cluster';
import { CliError } from '../errors.js';
import { createOtaLog } from './ota-log.js';
import { startUpdateService, type UpdateService } from './update-service.js';
import type { FromWorker, ToWorker } from './worker-messages.js';

/** One process of `secure-esp ota serve`: does what the first one says, and ends when that is gone. */

const LAST_WORDS_MS = 1_000;

let service: UpdateService | undefined;

const tell = (message: FromWorker): void => {
  if (process.connected) process.send?.(message);
};

async function start({ settings, ticketKeys }: Extract<ToWorker, { readonly type: 'start' }>): Promise<void> {
  try {
    const log = createOtaLog(settings.logLevel, process.stdout);
    service = await startUpdateService(settings, { log, ticketKeys: Buffer.from(ticketKeys) });
    tell({ type: 'listening' });
  } catch (error) {
    tell({ type: 'failed', ...presented(error) });
    process.exitCode = 1;
    process.disconnect();
  }
}

function presented(error: unknown): Omit<Extract<FromWorker, { readonly type: 'failed' }>, 'type'> {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof CliError)
    return { message, ...(error.nextStep === undefined ? {} : { nextStep: error.nextStep }) };
  const { code } = error as { code?: unknown };
  return { message, ...(typeof code === 'string' ? { code } : {}) };
}

async function stop(): Promise<void> {
  await service?.close();
  // what was cut is still to be logged: the process ends when nothing is left to do, and soon in any case
  setTimeout(() => process.exit(0), LAST_WORDS_MS).unref();
  cluster.worker?.disconnect();
}

async function answer(message: Extract<ToWorker, { readonly id: number }>): Promise<void> {
  try {
    tell({ type: 'answer', id: message.id, value: await valueFor(message) });
  } catch (error) {
    tell({ type: 'refused', id: message.id, reason: error instanceof Error ? error.message : String(error) });
  }
}

async function valueFor(message: Extract<ToWorker, { readonly id: number }>): Promise<unknown> {
  if (service === undefined) throw new Error('the process is still starting');
  if (message.type === 'metrics') return (await service.metrics())[0];
  const { certificates, ticketKeys } = message;
  return (await service.apply({ certificates, ticketKeys: Buffer.from(ticketKeys) })).closed;
}

// A terminal sends Ctrl-C to every process; the first one says what it means.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => void stop());
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
});
process.on('message', (message: ToWorker) => {
  if (message.type === 'start') void start(message);
  else if (message.type === 'stop') void stop();
  else void answer(message);
});
tell({ type: 'ready' });
