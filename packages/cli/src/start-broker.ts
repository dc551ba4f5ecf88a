import {
  startEmbeddedBroker,
  startMosquitto,
  type BrokerEvent,
  type BrokerTlsPaths,
  type RunningBroker,
} from '@secure-esp/broker';
import type { PkiTree } from '@secure-esp/pki';

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

/** Starts a broker of either kind with a tree's certificates. */
export function startBroker(tree: PkiTree, options: StartBrokerOptions): Promise<RunningBroker> {
  const { kind, dir, signal, ...listeners } = options;
  if (kind === 'mosquitto') return startMosquitto({ tls: brokerTlsPaths(tree), dir, signal, ...listeners });
  const { cert, key } = tree.broker;
  return startEmbeddedBroker({ tls: { cert, key, operatorCa: tree.ca, deviceCa: tree.deviceCa }, ...listeners });
}

/** The files of a tree that Mosquitto needs. */
export const brokerTlsPaths = ({ paths }: PkiTree): BrokerTlsPaths => ({
  certPath: paths.brokerCert,
  keyPath: paths.brokerKey,
  operatorCaPath: paths.caCert,
  deviceCaPath: paths.deviceCaCert,
});
