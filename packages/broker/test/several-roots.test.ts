import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import { initPki, type Credentials, type PkiTree } from '@secure-esp/pki';
import { describe, expect, onTestFinished, test } from 'vitest';
import { startEmbeddedBroker, startMosquitto, type EmbeddedBroker, type MosquittoBroker } from '../src/index.js';
import { TestClient } from './support/mqtt-client.js';
import { temporaryFolder } from './support/temporary.js';
import { isInstalled } from './support/tools.js';

const root = temporaryFolder();
const anyPort = { operatorPort: 0, devicePort: 0 };

async function certified(tree: PkiTree): Promise<{ ca: string; crl: string; deviceCa: string; deviceCrl: string }> {
  const { servers, devices } = await tree.crls();
  return { ca: tree.ca, crl: servers?.crl ?? '', deviceCa: tree.deviceCa, deviceCrl: devices?.crl ?? '' };
}

/** A TLS connection that the broker has taken. */
async function open(port: number, ca: string, { cert, key }: Credentials): Promise<TLSSocket> {
  const socket = connect({ host: 'localhost', port, ca, cert, key });
  onTestFinished(() => {
    socket.destroy();
  });
  socket.on('error', () => undefined);
  await once(socket, 'secureConnect');
  return socket;
}

describe.each(['embedded', 'mosquitto'] as const)('two roots on each listener of the %s broker', (kind) => {
  const missing = kind === 'mosquitto' && !isInstalled('mosquitto');
  test.skipIf(missing)(
    missing ? 'work (mosquitto is not installed)' : 'work, each with its own revocation list',
    async () => {
      const dir = join(root, kind);
      mkdirSync(dir);
      const [old, next] = await Promise.all(
        ['old', 'next'].map((name) => initPki({ dir: join(dir, name), devices: ['a', 'gone'], chips: [] })),
      );
      if (!old || !next) throw new Error('no trees');
      await old.revoke({ commonName: 'gone' });
      await next.revoke({ commonName: 'gone' });
      const [one, two] = [await certified(old), await certified(next)];
      const both = {
        cert: old.broker.cert,
        key: old.broker.key,
        operatorCa: one.ca + two.ca,
        deviceCa: one.deviceCa + two.deviceCa,
        operatorCrl: one.crl + two.crl,
        deviceCrl: one.deviceCrl + two.deviceCrl,
      };
      const nextOnly = {
        ...both,
        operatorCa: two.ca,
        deviceCa: two.deviceCa,
        operatorCrl: two.crl,
        deviceCrl: two.deviceCrl,
      };
      const write = (tls: typeof both) => {
        const path = (name: string, text: string) => {
          writeFileSync(join(dir, name), text);
          return join(dir, name);
        };
        return {
          certPath: old.broker.certPath,
          keyPath: old.broker.keyPath,
          operatorCaPath: path('operators.crt', tls.operatorCa),
          deviceCaPath: path('devices.crt', tls.deviceCa),
          operatorCrlPath: path('operators.crl', tls.operatorCrl),
          deviceCrlPath: path('devices.crl', tls.deviceCrl),
        };
      };
      const broker: EmbeddedBroker | MosquittoBroker =
        kind === 'embedded'
          ? await startEmbeddedBroker({ ...anyPort, tls: both })
          : await startMosquitto({ ...anyPort, dir: join(dir, 'run'), tls: write(both) });
      onTestFinished(() => broker.close());
      const as = (port: number, credentials: Credentials, clientId: string): Promise<TestClient> =>
        TestClient.connect({ host: 'localhost', port, ca: old.ca, credentials, clientId });
      for (const tree of [old, next]) {
        await (await as(broker.operatorPort, tree.operator, 'op')).end();
        await (await as(broker.devicePort, await tree.device('a'), 'a')).end();
        await expect(as(broker.devicePort, await tree.device('gone'), 'gone')).rejects.toThrow();
      }

      const dropped = await open(broker.devicePort, old.ca, await old.device('a'));
      const kept = await open(broker.devicePort, old.ca, await next.device('a'));
      const end = once(dropped, 'close');
      if (broker.kind === 'embedded') broker.reload(nextOnly);
      else await broker.restart(write(nextOnly));
      await end;
      if (kind === 'embedded') expect(kept.closed).toBe(false);
      await expect(as(broker.operatorPort, old.operator, 'op')).rejects.toThrow();
      await expect(as(broker.devicePort, await old.device('a'), 'a')).rejects.toThrow();
      await (await as(broker.operatorPort, next.operator, 'op')).end();
      await (await as(broker.devicePort, await next.device('a'), 'a')).end();
      if (broker.kind === 'mosquitto') {
        const { pid } = broker;
        await expect(
          broker.restart({ ...write(nextOnly), deviceCrlPath: join(dir, 'none.crl') }),
        ).rejects.toMatchObject({
          code: 'bad_tls',
        });
        expect(broker.pid).toBe(pid);
        await broker.restart();
        expect(broker.pid).not.toBe(pid);
      }
      await broker.close();
      expect(await broker.exited).toBeUndefined();
      if (broker.kind === 'mosquitto') await expect(broker.restart()).rejects.toMatchObject({ code: 'closed' });
    },
    60_000,
  );
});
