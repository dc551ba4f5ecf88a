import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { Registry } from 'prom-client';
import { portTaken } from './port-taken.js';

export interface AdminServerOptions {
  readonly host: string;
  readonly port: number;
  /** Why no device should be sent here now; `undefined` when it may. */
  readonly notReady: () => Promise<string | undefined>;
  /** In Prometheus' text format. */
  readonly metrics: () => Promise<string>;
}

export interface AdminServer extends AsyncDisposable {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * `/health/live`, `/health/ready` and `/metrics` over plain HTTP, for whoever runs the server. Holds no secrets and takes
 * no orders, but belongs on an address that devices do not reach.
 *
 * @throws CliError
 */
export async function startAdminServer({ host, port, ...pages }: AdminServerOptions): Promise<AdminServer> {
  const server = createServer({ requestTimeout: 10_000, headersTimeout: 10_000 }, (request, response) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      send(response.setHeader('allow', 'GET, HEAD'), 405, 'text/plain', 'method not allowed\n');
      return;
    }
    void answer(request.url?.split('?', 1)[0] ?? '/', response, pages);
  });
  server.maxConnections = 64;
  server.listen({ host, port });
  try {
    await once(server, 'listening');
  } catch (error) {
    throw portTaken(error, { host, port, option: '--admin-port' });
  }
  const address = server.address();
  const close = async (): Promise<void> => {
    if (!server.listening) return;
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  };
  return {
    port: address === null || typeof address === 'string' ? port : address.port,
    close,
    [Symbol.asyncDispose]: close,
  };
}

type Pages = Pick<AdminServerOptions, 'notReady' | 'metrics'>;

async function answer(path: string, response: ServerResponse, { notReady, metrics }: Pages): Promise<void> {
  try {
    if (path === '/health/live') send(response, 200, 'application/json', '{"status":"live"}\n');
    else if (path === '/health/ready') {
      const reason = await notReady();
      const body = reason === undefined ? { status: 'ready' } : { status: 'not ready', reason };
      send(response, reason === undefined ? 200 : 503, 'application/json', `${JSON.stringify(body)}\n`);
    } else if (path === '/metrics') send(response, 200, Registry.PROMETHEUS_CONTENT_TYPE, await metrics());
    else send(response, 404, 'text/plain', 'there are /health/live, /health/ready and /metrics\n');
  } catch {
    // a process that does not answer; the log says which
    send(response, 503, 'text/plain', 'not available now\n');
  }
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  response.end(body);
}
