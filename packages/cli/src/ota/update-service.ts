import { createFileFirmwareStore, createOtaServer, type OtaServer } from '@secure-esp/ota-server';
import { createOtaMetrics } from '@secure-esp/ota-server/metrics';
import { collectDefaultMetrics } from 'prom-client';
import { otaTls } from '../follow-ota-certificates.js';
import { openPart } from '../open-part.js';
import { portTaken } from './port-taken.js';
import { logOtaEvent, type OtaLog } from './ota-log.js';
import type { ServeSettings } from './serve-settings.js';
import { revokedInTree } from './tree-revocation.js';

/** What changed; the service looks at the tree's files itself. */
export interface TreeChange {
  /** The server's certificate or the CAs that it trusts are others now. */
  readonly certificates: boolean;
  /** 48 bytes; sessions of before are resumed no more. */
  readonly ticketKeys: Buffer;
}

/** The update server, in this process or in several. */
export interface UpdateService {
  readonly port: number;
  /** Takes a change for all requests from now on. Resolves with the number of connections of revoked clients that it ended. */
  apply(change: TreeChange): Promise<{ readonly closed: number }>;
  /** Number of processes that take connections. */
  listening(): number;
  /** For each process what its registry has. */
  metrics(): Promise<readonly object[]>;
  /** Resolves with the reason when the service cannot go on; else never. */
  readonly failed: Promise<Error>;
  /** Ends running downloads after `drainMs` of the settings. Idempotent. */
  close(): Promise<void>;
}

export interface StartServiceOptions {
  readonly log: OtaLog;
  readonly ticketKeys: Buffer;
}

/** Serves the releases of a tree from this process. */
export async function startUpdateService(
  settings: ServeSettings,
  { log, ticketKeys }: StartServiceOptions,
): Promise<UpdateService> {
  const { host, port, drainMs, bridge } = settings;
  const tree = await openPart(settings.dir, 'ota');
  const metrics = createOtaMetrics();
  const server = createOtaServer({
    tls: otaTls(tree),
    ticketKeys,
    store: createFileFirmwareStore({ dir: settings.firmware }),
    isRevoked: revokedInTree(tree),
    closeTimeoutMs: drainMs,
    ...(bridge === undefined ? {} : { dangerouslyServeWithoutClientCertificate: bridge }),
    onEvent(event) {
      metrics.onEvent(event);
      logOtaEvent(log, event);
    },
  });
  collectDefaultMetrics({ register: metrics.register });
  const listening = await server.listen(port, host).catch((error: unknown) => {
    throw portTaken(error, { host, port, option: '--port' });
  });
  return {
    port: listening.port,
    apply: (change) => apply(server, settings, change),
    listening: () => (server.server.listening ? 1 : 0),
    metrics: async () => [await metrics.register.getMetricsAsJSON()],
    failed: new Promise(() => undefined),
    close: () => server.close(),
  };
}

async function apply(
  server: OtaServer,
  { dir }: ServeSettings,
  { certificates, ticketKeys }: TreeChange,
): Promise<{ readonly closed: number }> {
  if (certificates) server.reloadTls(otaTls(await openPart(dir, 'ota')));
  return server.revocationsChanged({ ticketKeys });
}
