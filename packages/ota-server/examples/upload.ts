import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { trustedFromPem } from '@secure-esp/firmware-image/node';
import { createManifestSigner, GATE_HINTS, isGateCode, isOtaError, publishRelease } from '@secure-esp/ota-server';
import { otaExpress } from '@secure-esp/ota-server/express';
import express from 'express';
import { announce, clientOf, handler, isRevoked, pki, port, store, tls } from './setup.js';

const trusted = trustedFromPem(await pki.firmwareKey('v1-ecdsa-p256'));
const signer = await createManifestSigner(pki.releaseKey);
const url = 'https://localhost:8070/updates/';

const app = express();
app.get('/', (_request, response) => {
  response.send('My own pages.\n');
});
app.use('/updates', otaExpress(handler, { clientOf }));

app.put('/releases/:name', async (request, response) => {
  const client = clientOf(request);
  if (client?.role !== 'operator' || (await isRevoked(client))) return void response.sendStatus(403);
  try {
    const { seq } = await publishRelease({ store, image: request, name: request.params.name, trusted, signer, url });
    response.json({ seq });
  } catch (error) {
    if (!isOtaError(error)) throw error;
    const { code, message } = error;
    const refused = isGateCode(code);
    request.resume(); // what still comes is thrown away: most clients read no reply before they have sent everything
    if (!refused) response.set('connection', 'close');
    response.status(refused ? 422 : 500).json({ code, message, ...(refused && { hint: GATE_HINTS[code] }) });
  }
});

const server = createServer(tls, app);
server.requestTimeout = 11 * 60_000; // the end of everything that sends on and on; `publishRelease` gives up after 10 min
server.listen(port, () => {
  announce((server.address() as AddressInfo).port);
});
