import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { toNodeListener } from '@secure-esp/ota-server';
import { announce, clientOf, handler, port, tls } from './setup.js';

const updates = toNodeListener(handler, { clientOf, prefix: '/updates' });
const server = createServer(tls, (request, response) => {
  updates(request, response, () => {
    response.writeHead(request.url === '/' ? 200 : 404).end('My own pages.\n');
  });
});
server.listen(port, () => {
  announce((server.address() as AddressInfo).port);
});
