import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, test } from 'vitest';
import type { RunningBroker } from '../src/index.js';
import { SCENARIOS } from './conformance.js';
import type { Conformance } from './conformance/scenario.js';
import { START, type TestBroker } from './support/brokers.js';
import { createTestCertificates, type TestCertificates } from './support/certificates.js';
import { TestClient } from './support/mqtt-client.js';
import { describeWith } from './support/tools.js';

describeWith(['openssl', 'mosquitto', 'mosquitto_pub'], 'what the contract needs of a broker', () => {
  let dir: string;
  let certificates: TestCertificates;
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'secure-esp broker '));
    certificates = createTestCertificates(join(dir, 'pki'));
  });
  afterAll(() => {
    rmSync(dir, { recursive: true, force: true });
  });

  describe.each([
    { kind: 'embedded', transport: 'TCP' },
    { kind: 'embedded', transport: 'WebSocket' },
    { kind: 'mosquitto', transport: 'TCP' },
    { kind: 'mosquitto', transport: 'WebSocket' },
  ] as const)('$kind, operators over $transport', ({ kind, transport }) => {
    let running: TestBroker;
    let clients: TestClient[];
    let number = 0;
    beforeEach(async () => {
      const own = join(dir, `${kind}-${transport}-${number++}`);
      mkdirSync(own);
      clients = [];
      running = await START[kind]({ certificates, dir: own, limits: { maxQueuedMessages: 50 } });
    });
    afterEach(async () => {
      await Promise.all(clients.map((client) => client.end()));
      await running.broker.close();
    });

    const operators = ({ operatorPort, websocketPort }: RunningBroker) =>
      transport === 'TCP'
        ? { port: operatorPort }
        : { port: websocketPort ?? 0, protocol: 'wss' as const, path: '/mqtt' };
    const context = (): Conformance => {
      const { broker } = running;
      const connect: Conformance['connect'] = async (options) => {
        const client = await TestClient.connect({ ca: certificates.ca, port: broker.devicePort, ...options });
        clients.push(client);
        return client;
      };
      return {
        ...running,
        certificates,
        connect,
        operator: (clientId, options) =>
          connect({ ...operators(broker), credentials: certificates.operator, clientId, ...options }),
        device: (clientId, options) =>
          connect({ port: broker.devicePort, credentials: certificates.device(clientId), clientId, ...options }),
      };
    };

    for (const { name, unsupported, run } of SCENARIOS) {
      const reason = unsupported?.[kind];
      test.skipIf(reason !== undefined)(reason === undefined ? name : `${name} (${reason})`, async () => {
        await run(context());
      });
    }
  });
});
