import {
  startEmbeddedBroker,
  startMosquitto,
  type BrokerEvent,
  type BrokerTls,
  type BrokerTlsPaths,
  type EmbeddedBroker,
  type MosquittoBroker,
} from '@secure-esp/broker';
import type { PkiTree, TreeCrls } from '@secure-esp/pki';

export type BrokerKind = 'embedded' | 'mosquitto';

export interface StartBrokerOptions {
  readonly kind: BrokerKind;
  readonly host: string;
  readonly operatorPort: number;
  readonly devicePort: number;
  /** Where Mosquitto's configuration is written. */
  readonly dir: string;
  readonly signal: AbortSignal;
  readonly onEvent?: (event: BrokerEvent) => void;
}

/** Starts a broker of either kind with a tree's certificates and revocation lists. */
export async function startBroker(
  tree: PkiTree,
  options: StartBrokerOptions,
): Promise<EmbeddedBroker | MosquittoBroker> {
  const { kind, dir, signal, ...listeners } = options;
  const crls = await tree.crls();
  if (kind === 'mosquitto') {
    const tls = {
      ...brokerTlsPaths(tree),
      ...(crls.servers && { operatorCrlPath: crls.servers.path }),
      ...(crls.devices && { deviceCrlPath: crls.devices.path }),
    };
    return startMosquitto({ tls, dir, signal, ...listeners });
  }
  return startEmbeddedBroker({ tls: brokerTls(tree, crls), ...listeners });
}

/** The contents of a tree that the embedded broker needs. */
export const brokerTls = ({ broker, ca, deviceCa }: PkiTree, { servers, devices }: TreeCrls): BrokerTls => ({
  cert: broker.cert,
  key: broker.key,
  operatorCa: ca,
  deviceCa,
  ...(servers && { operatorCrl: servers.crl }),
  ...(devices && { deviceCrl: devices.crl }),
});

/** The files of a tree that Mosquitto needs. */
export const brokerTlsPaths = ({ paths }: PkiTree): BrokerTlsPaths => ({
  certPath: paths.brokerCert,
  keyPath: paths.brokerKey,
  operatorCaPath: paths.caCert,
  deviceCaPath: paths.deviceCaCert,
});
