import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { TestPki } from './pki.js';

export interface SeenRequest {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** CN of the client's certificate. */
  readonly client: string;
}

/** An HTTPS server that insists on device certificates; what it answers is up to the test. */
export interface UpdateServer extends AsyncDisposable {
  readonly url: string;
  readonly requests: readonly SeenRequest[];
  handler: (request: IncomingMessage, response: ServerResponse) => void;
}

export const serveBytes =
  (bytes: Uint8Array, headers: Record<string, string> = {}) =>
  (_request: IncomingMessage, response: ServerResponse): void => {
    response.writeHead(200, {
      'content-type': 'application/octet-stream',
      'content-length': String(bytes.length),
      ...headers,
    });
    response.end(bytes);
  };

export const startUpdateServer = async (
  pki: TestPki,
  options: { readonly clientCa?: string } = {},
): Promise<UpdateServer> => {
  const requests: SeenRequest[] = [];
  const sockets = new Set<Socket>();
  const state: { handler: UpdateServer['handler'] } = {
    handler: (_request, response) => {
      response.writeHead(404).end();
    },
  };
  const { cert, key } = pki.tree.ota;
  const server = createServer(
    { cert, key, ca: options.clientCa ?? pki.tree.deviceCa, requestCert: true, rejectUnauthorized: true },
    (request, response) => {
      const client = request.socket instanceof TLSSocket ? String(request.socket.getPeerCertificate().subject.CN) : '';
      requests.push({ path: request.url ?? '', headers: request.headers, client });
      state.handler(request, response);
    },
  );
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '0.0.0.0', resolve);
  });
  return {
    url: `https://localhost:${String((server.address() as AddressInfo).port)}/firmware.bin`,
    requests,
    get handler() {
      return state.handler;
    },
    set handler(next) {
      state.handler = next;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
};
