import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { connect } from '@secure-esp/device-client';
import { createClientOf, createFileFirmwareStore, createOtaHandler } from '@secure-esp/ota-server';
import { otaExpress } from '@secure-esp/ota-server/express';
import { openPki } from '@secure-esp/pki';
import express from 'express';
import { actions } from './actions.js';
import { FleetView } from './fleet-view.js';
import { liveEvents } from './live-events.js';
import { operatorsOnly } from './operators-only.js';
import { renderPage } from './page.js';

const { BROKER_URL = 'mqtts://localhost:8883', PORT = '8070', HOST = 'localhost' } = process.env;

// Certificates as `npx secure-esp pki init` makes them, releases as `npx secure-esp ota publish` makes them.
const pki = await openPki('.secure-esp');
const store = createFileFirmwareStore({ dir: '.secure-esp/firmware' });

/** Asked for every request: whom `npx secure-esp pki revoke` names gets nothing from then on. */
async function isRevoked({ serial }: { serial?: string }): Promise<boolean> {
  if (serial === undefined) return true;
  for await (const { state } of pki.inventory({ serial })) return state === 'revoked';
  return false;
}

const client = await connect({ url: BROKER_URL, tls: pki.operator, clientIdPrefix: 'page-' });
const fleet = new FleetView();
const following = fleet.follow(client.watch());

const clientOf = createClientOf({ deviceCa: pki.deviceCa, operatorCa: pki.ca });
const live = liveEvents(fleet);
const app = express();
app.disable('x-powered-by');
// Devices: /updates/secure_esp.bin and what belongs to it. Refuses who is no device and no operator.
app.use('/updates', otaExpress(createOtaHandler({ store, isRevoked }), { clientOf }));
// People: everything below wants an operator's certificate.
app.use(operatorsOnly({ clientOf, isRevoked }));
app.get('/', (_request, response) => {
  response.type('html').send(renderPage(fleet.devices()));
});
app.get('/events', live.handler);
app.use(express.static(fileURLToPath(new URL('../public', import.meta.url))));
app.use('/devices', actions(client));

const server = createServer(
  {
    cert: pki.ota.cert,
    key: pki.ota.key,
    ca: [pki.deviceCa, pki.ca],
    minVersion: 'TLSv1.2',
    requestCert: true,
    rejectUnauthorized: true,
  },
  app,
);
server.headersTimeout = 10_000;
server.requestTimeout = 30_000;
server.listen(Number(PORT), HOST);
await once(server, 'listening');
console.log(`devices on https://${HOST}:${String((server.address() as AddressInfo).port)}/`);

/** In this order: no new requests, pages are told goodbye, running downloads get 10 seconds, then the broker. */
async function stop(): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  live.close();
  server.closeIdleConnections();
  const late = setTimeout(() => {
    server.closeAllConnections();
  }, 10_000);
  await closed;
  clearTimeout(late);
  await client.close();
  await following;
}

const signals = ['SIGINT', 'SIGTERM'] as const;
for (const signal of signals) {
  process.once(signal, () => {
    void stop();
  });
}
