import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { otaExpress } from '@secure-esp/ota-server/express';
import express from 'express';
import { announce, clientOf, handler, port, tls } from './setup.js';

const app = express();
app.get('/', (_request, response) => {
  response.send('My own pages.\n');
});
app.use('/updates', otaExpress(handler, { clientOf }));

const server = createServer(tls, app);
server.listen(port, () => {
  announce((server.address() as AddressInfo).port);
});
