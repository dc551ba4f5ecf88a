import type { EmbeddedBroker, MosquittoBroker } from '@secure-esp/broker';
import { parseCertificate, type TreeCrl, type TreeCrls } from '@secure-esp/pki';
import type { BrokerTree } from './open-part.js';
import { brokerTls, brokerTlsFiles } from './start-broker.js';

/** What a broker runs with, as far as one can see that it changed. */
export interface BrokerMaterial {
  readonly tree: BrokerTree;
  readonly crls: TreeCrls;
  /** `<issuer>:<number>` of every revocation list */
  readonly lists: readonly string[];
  /** certificates of every CA that is trusted, the broker's own, and where Mosquitto finds them */
  readonly roots: readonly string[];
  readonly server: string;
  readonly files: string;
}

export const presentCrls = ({ servers, devices }: TreeCrls): TreeCrl[] =>
  [servers, devices].filter((list) => list !== undefined);

export function materialOf(tree: BrokerTree, crls: TreeCrls): BrokerMaterial {
  const lists = presentCrls(crls).flatMap((crl) => crl.lists);
  return {
    tree,
    crls,
    lists: lists
      .map(({ info }) => `${info.issuerKeyId}:${info.number}`)
      .concat(tree.adopted?.until.toISOString() ?? []),
    roots: [...certificates(tree.ca), ...certificates(tree.deviceCa), ...certificates(tree.adopted?.certificate ?? '')],
    server: brokerTls(tree, crls).cert,
    files: JSON.stringify(brokerTlsFiles(tree, crls)),
  };
}

const certificates = (bundle: string): string[] => bundle.split(/(?=-----BEGIN )/).filter((pem) => pem !== '');

/** Names of the CAs that are trusted, for the log. */
export const rootNames = ({ roots, tree }: BrokerMaterial): string[] =>
  roots.map((pem) => {
    const { CN = '' } = parseCertificate(pem).subject;
    return pem === tree.adopted?.certificate ? `${CN} (adopted)` : CN;
  });

/**
 * Gives a running broker what changed. A CA that is not trusted any more ends the connections of those it certified, for
 * which Mosquitto has to be started again, as it has to for files of other names.
 */
export async function loadMaterial(
  broker: EmbeddedBroker | MosquittoBroker,
  next: BrokerMaterial,
  before: BrokerMaterial,
): Promise<void> {
  if (broker.kind === 'embedded') {
    broker.reload(brokerTls(next.tree, next.crls));
    return;
  }
  const dropped = before.roots.some((root) => !next.roots.includes(root));
  if (dropped || next.files !== before.files) await broker.restart(brokerTlsFiles(next.tree, next.crls));
  else await broker.reload();
}
