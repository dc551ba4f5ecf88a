import type { Protocol } from '@secure-esp/protocol';
import type { Credentials, PkiTree } from '@secure-esp/pki';
import type { IClientOptions } from 'mqtt';
import type { AclBroker } from './acl-brokers.js';
import type { CaseTable } from './acl-cases.js';
import { AclClient } from './acl-client.js';
import type { Identity } from './acl-policy.js';
import { DEVICES, OPERATOR_A, OPERATOR_B } from './acl-topics.js';

/** One contract on one running broker. */
export interface AclSession {
  readonly protocol: Protocol;
  readonly broker: AclBroker;
  readonly pki: PkiTree;
  /** Certificates of the devices that connect. */
  readonly devices: ReadonlyMap<string, Credentials>;
  readonly cases: CaseTable;
}

/** Who is let in. The second operator has the first one's certificate, and a client id as a device has it. */
export const CLIENTS: readonly Identity[] = [
  { role: 'device', id: DEVICES[0] },
  { role: 'device', id: DEVICES[1] },
  { role: 'operator', clientId: OPERATOR_A },
  { role: 'operator', clientId: OPERATOR_B },
];

export const nameOf = (identity: Identity): string =>
  identity.role === 'device' ? `device ${identity.id}` : `operator ${identity.clientId}`;

/** Connects with the identity's certificate to the listener of its role. */
export async function connectAs(
  { broker, pki, devices }: AclSession,
  identity: Identity,
  options: IClientOptions = {},
): Promise<AclClient> {
  const isDevice = identity.role === 'device';
  const credentials = isDevice ? devices.get(identity.id) : pki.operator;
  if (credentials === undefined) throw new Error(`${nameOf(identity)} has no certificate`);
  return AclClient.connect({
    ...{ ca: pki.ca, cert: credentials.cert, key: credentials.key },
    port: isDevice ? broker.devicePort : broker.operatorPort,
    clientId: isDevice ? identity.id : identity.clientId,
    ...options,
  });
}

/** Runs `act` for every item, at most `lanes` at a time. */
export async function inLanes<T>(items: readonly T[], lanes: number, act: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items.entries()];
  const lane = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) await act(next[1]);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}
