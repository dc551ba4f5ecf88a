import { createServer } from 'node:https';
import { serve } from '@hono/node-server';
import { otaHono } from '@secure-esp/ota-server/hono';
import { Hono } from 'hono';
import { announce, clientOf, handler, port, tls } from './setup.js';

const app = new Hono();
app.get('/', (context) => context.text('My own pages.\n'));
app.use('/updates/*', otaHono(handler, { clientOf: ({ env }) => clientOf(env.incoming) }));

serve({ fetch: app.fetch, createServer, serverOptions: tls, port }, (address) => {
  announce(address.port);
});
