import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { initPki } from '@secure-esp/pki';
import { describe, expect, test } from 'vitest';
import { startEmbeddedBroker, startMosquitto, type RunningBroker } from '../src/index.js';
import { TestClient } from './support/mqtt-client.js';
import { temporaryFolder } from './support/temporary.js';
import { isInstalled } from './support/tools.js';

const root = temporaryFolder();
const anyPort = { operatorPort: 0, devicePort: 0 };

/** Both brokers with the certificates that users have. The conformance tests use OpenSSL's. */
describe.each(['embedded', 'mosquitto'] as const)('a tree of @secure-esp/pki with the %s broker', (kind) => {
  const missing = kind === 'mosquitto' && !isInstalled('mosquitto');
  test.skipIf(missing)(missing ? 'is usable (mosquitto is not installed)' : 'is usable as it is', async () => {
    const dir = join(root, kind);
    mkdirSync(dir);
    const tree = await initPki({ dir, devices: ['esp-001', 'esp-002'], chips: [] });
    const { brokerCert, brokerKey, caCert, deviceCaCert } = tree.paths;
    const broker: RunningBroker =
      kind === 'embedded'
        ? await startEmbeddedBroker({
            ...anyPort,
            tls: { ...tree.broker, operatorCa: tree.ca, deviceCa: tree.deviceCa },
          })
        : await startMosquitto({
            ...anyPort,
            dir: join(dir, 'mosquitto'),
            tls: { certPath: brokerCert, keyPath: brokerKey, operatorCaPath: caCert, deviceCaPath: deviceCaCert },
          });
    const first = await tree.device('esp-001');
    const op = await TestClient.connect({
      ...{ host: 'localhost', port: broker.operatorPort, ca: tree.ca, credentials: tree.operator, clientId: 'op' },
    });
    const esp = await TestClient.connect({
      ...{ host: 'localhost', port: broker.devicePort, ca: first.ca, credentials: first, clientId: 'esp-001' },
    });
    await esp.subscribe('/esp/restart');
    await op.publish('/esp/restart', '');
    await esp.receive('the command', ({ topic }) => topic === '/esp/restart');
    await expect(
      TestClient.connect({ port: broker.operatorPort, ca: tree.ca, credentials: first, clientId: 'esp-001' }),
    ).rejects.toThrow();
    await expect(
      TestClient.connect({ port: broker.devicePort, ca: tree.ca, credentials: tree.operator, clientId: 'operator' }),
    ).rejects.toThrow();
    await Promise.all([op.end(), esp.end()]);
    await broker.close();
  });
});
