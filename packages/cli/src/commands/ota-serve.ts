import { createFileFirmwareStore } from '@secure-esp/ota-server';
import { availableParallelism } from 'node:os';
import { AggregatorRegistry } from 'prom-client';
import { type CliContext, untilAborted } from '../context.js';
import { CliError } from '../errors.js';
import { startAdminServer } from '../ota/admin-server.js';
import { clusterWorkers } from '../ota/cluster-workers.js';
import { keepCurrent, type KeepCurrentEvent, newTicketKeys, revocationMark } from '../ota/keep-current.js';
import { createOtaLog } from '../ota/ota-log.js';
import { choosePort } from '../ota/port-taken.js';
import { bridgeWarning, type ServeChoices, serveSettings, type ServeSettings } from '../ota/serve-settings.js';
import { refuseWithoutRecords } from '../ota/tree-revocation.js';
import { startUpdateService, type StartServiceOptions, type UpdateService } from '../ota/update-service.js';
import { startWorkerPool } from '../ota/worker-pool.js';
import { openPart } from '../open-part.js';
import { refuseExpired } from '../refuse-expired.js';

export interface OtaServeOptions extends ServeChoices {
  readonly workers?: number;
  readonly adminPort?: number;
  readonly adminHost: string;
  readonly json?: true;
}

/** `secure-esp ota serve`: standard output has the log, standard error what a person at a terminal wants to know. */
export async function otaServe(context: CliContext, options: OtaServeOptions): Promise<void> {
  const settings = serveSettings(context, options);
  const log = createOtaLog(settings.logLevel, context.stdout);
  const say = (line: string, facts?: object): void => {
    if (options.json === true && facts !== undefined) context.stdout.write(`${JSON.stringify(facts)}\n`);
    else context.stderr.write(`${line}\n`);
  };
  const warning = bridgeWarning(settings, new Date());
  if (warning !== undefined) say(warning, { type: 'warning', message: warning });
  const tree = await openPart(settings.dir, 'ota');
  refuseExpired(tree.ota, 'ota');
  await refuseWithoutRecords(tree);
  const mark = await revocationMark(tree);
  const service = await startService(context, options.workers, settings, { log, ticketKeys: newTicketKeys() });
  const stop = new AbortController();
  const signal = AbortSignal.any([context.signal, stop.signal]);
  let following: Promise<void> | undefined;
  let closeAdmin = (): Promise<void> => Promise.resolve();
  try {
    closeAdmin = await startAdmin(options, settings, { service, signal, say });
    const processes = service.listening();
    const where = `https://${settings.host}:${service.port}`;
    const how = processes === 1 ? '' : ` from ${processes} processes`;
    say(`update server on ${where}${how}, client certificate required; Ctrl-C ends it`, {
      type: 'listening',
      url: where,
      processes,
    });
    const onEvent = (event: KeepCurrentEvent): void => {
      log[event.type.endsWith('_failed') ? 'error' : 'info'](event);
    };
    following = keepCurrent(tree, service, { mark, signal, onEvent });
    const failure = await Promise.race([untilAborted(context.signal), service.failed]);
    if (failure instanceof Error) throw failure;
  } finally {
    stop.abort();
    await service.close();
    await following;
    await closeAdmin();
  }
}

async function startService(
  context: CliContext,
  asked: number | undefined,
  settings: ServeSettings,
  options: StartServiceOptions,
): Promise<UpdateService> {
  const { otaWorker } = context;
  const workers = asked ?? (otaWorker === undefined ? 1 : availableParallelism());
  if (workers === 1) return startUpdateService(settings, options);
  if (otaWorker === undefined)
    throw new CliError('several workers need the installed program.', 'Use `--workers 1`.', 2);
  const port = await choosePort(settings.host, settings.port);
  const startWorker = clusterWorkers(otaWorker);
  return startWorkerPool({ ...options, settings: { ...settings, port }, workers, startWorker });
}

const STORE_TIMEOUT_MS = 5_000;

interface AdminContext {
  readonly service: UpdateService;
  /** Aborted: the server is being stopped. */
  readonly signal: AbortSignal;
  readonly say: (line: string, facts?: object) => void;
}

async function startAdmin(
  { adminPort, adminHost }: OtaServeOptions,
  { firmware }: ServeSettings,
  { service, signal, say }: AdminContext,
): Promise<() => Promise<void>> {
  if (adminPort === undefined) return () => Promise.resolve();
  const store = createFileFirmwareStore({ dir: firmware });
  const admin = await startAdminServer({
    host: adminHost,
    port: adminPort,
    async notReady() {
      if (signal.aborted) return 'draining';
      if (service.listening() === 0) return 'no process takes connections';
      return store.listReleases({ signal: AbortSignal.timeout(STORE_TIMEOUT_MS) }).then(
        () => undefined,
        () => 'the releases cannot be listed',
      );
    },
    metrics: async () => AggregatorRegistry.aggregate([...(await service.metrics())]).metrics(),
  });
  const where = `http://${adminHost}:${admin.port}`;
  say(`health and metrics on ${where}`, { type: 'admin_listening', url: where });
  return () => admin.close();
}
