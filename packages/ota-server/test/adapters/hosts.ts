import { once } from 'node:events';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { SecureContextOptions } from 'node:tls';
import { createAdaptorServer } from '@hono/node-server';
import { type ClientOf, type OtaHandler, toNodeListener } from '@secure-esp/ota-server';
import { otaExpress } from '@secure-esp/ota-server/express';
import { otaFastify } from '@secure-esp/ota-server/fastify';
import { otaHono } from '@secure-esp/ota-server/hono';
import express from 'express';
import fastify from 'fastify';
import { Hono } from 'hono';
import { onTestFinished } from 'vitest';
import { deviceCa, server as serverPair, serverCa } from '../fixtures/certificates.js';

export interface HostOptions {
  readonly handler: OtaHandler;
  readonly clientOf: ClientOf;
  /** `''` for the root. */
  readonly prefix: string;
}

/** A server of somebody else, with `GET /hello`, `GET /updates/notes` and a 404 of its own, into which the handler is mounted. */
export interface Host {
  readonly name: string;
  start(options: HostOptions): Promise<number>;
}

export const HELLO = 'the host’s own page';
export const NOTES = 'the host’s own page below the prefix';
export const NOT_FOUND = 'the host’s own 404';

/** Asks for certificates, but lets everybody in: the host has pages for people, too. */
const tls: SecureContextOptions & { requestCert: boolean; rejectUnauthorized: boolean } = {
  ...serverPair,
  ca: [deviceCa, serverCa],
  minVersion: 'TLSv1.2',
  requestCert: true,
  rejectUnauthorized: false,
};

async function listening(server: Server): Promise<number> {
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

export const HOSTS: readonly Host[] = [
  {
    name: 'node:https',
    start({ handler, clientOf, prefix }) {
      const updates = toNodeListener(handler, { clientOf, prefix });
      const server = createServer(tls, (request, response) => {
        updates(request, response, () => {
          const page = new Map([
            ['/hello', HELLO],
            ['/updates/notes', NOTES],
          ]).get(request.url ?? '');
          response.writeHead(page === undefined ? 404 : 200).end(page ?? NOT_FOUND);
        });
      });
      return listening(server);
    },
  },
  {
    name: 'Express',
    start({ handler, clientOf, prefix }) {
      const app = express();
      app.use(express.json());
      app.use(prefix, otaExpress(handler, { clientOf }));
      app.get('/hello', (_request, response) => void response.send(HELLO));
      app.get('/updates/notes', (_request, response) => void response.send(NOTES));
      app.use((_request, response) => void response.status(404).send(NOT_FOUND));
      return listening(createServer(tls, app));
    },
  },
  {
    name: 'Fastify',
    async start({ handler, clientOf, prefix }) {
      const app = fastify({ https: tls, forceCloseConnections: true });
      await app.register(otaFastify, { handler, clientOf, prefix });
      app.get('/hello', () => HELLO);
      app.get('/updates/notes', () => NOTES);
      app.setNotFoundHandler((_request, reply) => reply.code(404).send(NOT_FOUND));
      onTestFinished(() => app.close());
      await app.listen({ host: '127.0.0.1', port: 0 });
      return (app.server.address() as AddressInfo).port;
    },
  },
  {
    name: 'Hono',
    start({ handler, clientOf, prefix }) {
      const app = new Hono();
      app.use(`${prefix}/*`, otaHono(handler, { clientOf: ({ env }) => clientOf(env.incoming) }));
      app.get('/hello', (context) => context.text(HELLO));
      app.get('/updates/notes', (context) => context.text(NOTES));
      app.notFound((context) => context.text(NOT_FOUND, 404));
      return listening(createAdaptorServer({ fetch: app.fetch, createServer, serverOptions: tls }) as Server);
    },
  },
];
