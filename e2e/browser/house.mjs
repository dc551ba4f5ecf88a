// An operator's installation for browser.test.ts, from the packages of the folder it runs in: certificates, a broker with a
// listener for WebSockets, one virtual device, and the web server with the page. Each line that it reads is a command.
import { createServer } from 'node:https';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { startEmbeddedBroker, startMosquitto } from '@secure-esp/broker';
import { buildImage, signImage } from '@secure-esp/firmware-image';
import { signerFromPem, trustedFromPem } from '@secure-esp/firmware-image/node';
import { initPki } from '@secure-esp/pki';
import { createVirtualDevice } from '@secure-esp/simulator';

const [kind] = process.argv.slice(2);
const tell = (value) => console.log(JSON.stringify(value));

const pki = await initPki({ dir: `${kind}-pki`, devices: ['esp-001'] });
const { paths } = pki;

const files = { '/': ['text/html', 'page.html'], '/page.js': ['text/javascript', 'page.js'] };
const web = createServer({ cert: pki.broker.cert, key: pki.broker.key }, async (request, response) => {
  const [type, name] = files[request.url] ?? [];
  if (name === undefined) response.writeHead(404).end();
  else response.writeHead(200, { 'content-type': type }).end(await readFile(name));
});
await new Promise((resolve) => web.listen(0, '127.0.0.1', resolve));
const origin = `https://localhost:${web.address().port}`;

const denied = [];
const listeners = {
  ...{ operatorPort: 0, devicePort: 0, websocketPort: 0, websocketOrigins: [origin] },
  onEvent: (event) => event.type === 'denied' && denied.push(event.reason),
};
const start = {
  embedded: () =>
    startEmbeddedBroker({
      ...listeners,
      tls: { cert: pki.broker.cert, key: pki.broker.key, operatorCa: pki.ca, deviceCa: pki.deviceCa },
    }),
  mosquitto: () =>
    startMosquitto({
      ...listeners,
      dir: `${kind}-broker`,
      tls: {
        certPath: paths.brokerCert,
        keyPath: paths.brokerKey,
        operatorCaPath: paths.caCert,
        deviceCaPath: paths.deviceCaCert,
      },
    }),
};
const broker = await start[kind]();

const { cert, key, ca } = await pki.device('esp-001');
const firmwareKey = await pki.firmwareKey('v1-ecdsa-p256');
const image = await buildImage({ chip: 'esp32', project: 'secure_esp', version: '1.0.0' });
const device = await createVirtualDevice({
  id: 'esp-001',
  stateFile: `${kind}.flash`,
  firmware: await signImage(image, signerFromPem(firmwareKey, 'v1-ecdsa-p256')),
  mqtt: { url: `mqtts://localhost:${broker.devicePort}`, cert, key, ca },
  ota: { url: 'https://localhost:1/secure_esp.bin', cert, key, ca },
  trusted: trustedFromPem(firmwareKey),
  settings: { automaticChecks: false },
});
await device.start();
await device.whenOnline();
tell({ origin, broker: `wss://localhost:${broker.websocketPort}`, operator: [paths.operatorCert, paths.operatorKey] });

const commands = {
  // Ends the page's connection.
  cut: async () => ({ cut: await broker.disconnect({ role: 'operator', commonName: 'operator' }) }),
  denied: async () => ({ denied }),
};
for await (const line of createInterface({ input: process.stdin })) tell(await commands[line]());

await device.stop();
await broker.close();
web.close();
web.closeAllConnections();
