import type { AddressInfo } from 'node:net';
import { otaFastify } from '@secure-esp/ota-server/fastify';
import fastify from 'fastify';
import { announce, clientOf, handler, port, tls } from './setup.js';

const app = fastify({ https: tls });
app.get('/', () => 'My own pages.\n');
await app.register(otaFastify, { handler, clientOf, prefix: '/updates' });

await app.listen({ port });
announce((app.server.address() as AddressInfo).port);
