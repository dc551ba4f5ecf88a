import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startEmbeddedBroker, startMosquitto, type BrokerLimits, type RunningBroker } from '../../src/index.js';
import type { TestCertificates } from './certificates.js';

export interface StartOptions {
  readonly certificates: TestCertificates;
  /** A folder of this broker's own. */
  readonly dir: string;
  readonly limits?: Partial<BrokerLimits>;
}

/** A broker whose list of revoked devices can be replaced. */
export interface TestBroker {
  readonly broker: RunningBroker;
  readonly revoke: (deviceCrl: string) => Promise<void>;
}

const anyPort = { operatorPort: 0, devicePort: 0, websocketPort: 0 };

/** Both kinds on free ports, with an empty revocation list. */
export const START: Readonly<Record<RunningBroker['kind'], (options: StartOptions) => Promise<TestBroker>>> = {
  async embedded({ certificates, limits = {} }) {
    const tls = { ...certificates.broker, operatorCa: certificates.ca, deviceCa: certificates.deviceCa };
    const broker = await startEmbeddedBroker({ ...anyPort, tls, limits });
    return {
      broker,
      revoke(deviceCrl) {
        broker.reload({ ...tls, deviceCrl });
        return Promise.resolve();
      },
    };
  },
  async mosquitto({ certificates, dir, limits = {} }) {
    const deviceCrlPath = join(dir, 'device crl.pem');
    writeFileSync(deviceCrlPath, certificates.deviceCrl([]));
    const tls = {
      certPath: certificates.broker.certPath,
      keyPath: certificates.broker.keyPath,
      operatorCaPath: certificates.caPath,
      deviceCaPath: certificates.deviceCaPath,
      deviceCrlPath,
    };
    const broker = await startMosquitto({ ...anyPort, tls, dir: join(dir, 'mosquitto files'), limits });
    return {
      broker,
      async revoke(deviceCrl) {
        writeFileSync(deviceCrlPath, deviceCrl);
        await broker.reload();
      },
    };
  },
};
