import {
  startEmbeddedBroker,
  startMosquitto,
  type BrokerEvent,
  type BrokerTls,
  type BrokerTlsPaths,
  type EmbeddedBroker,
  type MosquittoBroker,
  type WebSocketOptions,
} from '@secure-esp/broker';
import type { PkiTree, TreeCrls } from '@secure-esp/pki';
import type { Protocol } from '@secure-esp/protocol';
import type { BrokerTree } from './open-part.js';

export type BrokerKind = 'embedded' | 'mosquitto';

export interface StartBrokerOptions extends WebSocketOptions {
  readonly kind: BrokerKind;
  readonly host: string;
  readonly operatorPort: number;
  readonly devicePort: number;
  /** Contract whose access rules apply. Default: the secure-esp contract. */
  readonly protocol?: Protocol;
  /** Where Mosquitto's configuration is written. */
  readonly dir: string;
  /** Keep what Mosquitto retains in `dir`, over a restart too. Default false. */
  readonly persistence?: boolean;
  readonly signal: AbortSignal;
  readonly onEvent?: (event: BrokerEvent) => void;
}

/** Starts a broker of either kind with a tree's certificates and revocation lists. */
export async function startBroker(
  tree: BrokerTree,
  options: StartBrokerOptions,
): Promise<EmbeddedBroker | MosquittoBroker> {
  const { kind, dir, signal, persistence = false, ...listeners } = options;
  const crls = await tree.crls();
  if (kind === 'mosquitto')
    return startMosquitto({ tls: brokerTlsFiles(tree, crls), dir, signal, persistence, ...listeners });
  return startEmbeddedBroker({ tls: brokerTls(tree, crls), ...listeners });
}

/** The contents of a tree that the embedded broker needs. */
export const brokerTls = (
  { broker, ca, deviceCa, adopted }: BrokerTree,
  { servers, devices }: TreeCrls,
): BrokerTls => ({
  cert: broker.cert + (adopted?.cross ?? ''),
  key: broker.key,
  operatorCa: ca + (adopted?.certificate ?? ''),
  deviceCa,
  ...(servers && { operatorCrl: servers.crl + (adopted?.crl ?? '') }),
  ...(devices && { deviceCrl: devices.crl }),
});

/** The files of a tree that Mosquitto needs, with its revocation lists. */
export const brokerTlsFiles = (
  tree: Pick<PkiTree, 'paths' | 'adopted'>,
  { servers, devices }: TreeCrls,
): BrokerTlsPaths => ({
  ...brokerTlsPaths(tree),
  ...(servers && { operatorCrlPath: tree.adopted ? tree.paths.adopted.operatorCrls : servers.path }),
  ...(devices && { deviceCrlPath: devices.path }),
});

/** The files of a tree that Mosquitto needs. */
export const brokerTlsPaths = ({ paths, adopted }: Pick<PkiTree, 'paths' | 'adopted'>): BrokerTlsPaths => ({
  certPath: adopted?.cross === undefined ? paths.brokerCert : paths.adopted.brokerChain,
  keyPath: paths.brokerKey,
  // while a CA of elsewhere is adopted it has a list, so both need to be there
  operatorCaPath: adopted ? paths.adopted.operatorCas : paths.caCert,
  deviceCaPath: paths.deviceCaCert,
});
