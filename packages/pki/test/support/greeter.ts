import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { TLSSocket } from 'node:tls';
import { onTestFinished } from 'vitest';
import type { Fleet } from './fleet.js';

/** The port of a TLS server that greets clients with a certificate by their CN; it ends with the test. */
export async function greeter({ ca, deviceCa, broker }: Fleet): Promise<number> {
  const tls = { cert: broker.chain[0], key: broker.privateKey, ca: [ca, deviceCa], requestCert: true };
  const server = createServer(tls, ({ socket }, response) => {
    const name = socket instanceof TLSSocket ? socket.getPeerCertificate().subject.CN : undefined;
    response.end(`hello ${String(name)}`);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}
