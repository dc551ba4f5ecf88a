import { PkiError } from '../errors.js';
import { readReleaseKey } from './tree-signing-keys.js';
import type { PkiTree } from './pki-tree.js';
import type { Credentials, CredentialsSpec } from './tree-credentials.js';
import { brokerParty, operatorParty, otaParty } from './tree-parties.js';
import type { TreePaths } from './tree-paths.js';

/** Every {@link TreePart}. */
export const TREE_PARTS = ['broker', 'ota', 'operator', 'release'] as const;
/**
 * What has a private key of its own that one program uses and others have no use for: the pair of the broker, of the OTA
 * server and of the operator, and the key that signs releases.
 */
export type TreePart = (typeof TREE_PARTS)[number];

/** Names of the values that an opened tree has of each part. */
export interface TreePartValues {
  readonly broker: 'broker';
  readonly ota: 'ota';
  readonly operator: 'operator';
  readonly release: 'releaseKey' | 'releaseKeyId' | 'releasePublicKey';
}

/** A tree that was opened with these parts: all that a {@link PkiTree} has, but for the values of the other parts. */
export type PkiTreeOf<P extends TreePart> = Omit<PkiTree, TreePartValues[TreePart]> & Pick<PkiTree, TreePartValues[P]>;

/** The values of all parts of a whole tree, or of those that were read. */
type PartValues = Partial<Pick<PkiTree, TreePartValues[TreePart]>>;

const VALUES: { readonly [P in TreePart]: readonly TreePartValues[P][] } = {
  broker: ['broker'],
  ota: ['ota'],
  operator: ['operator'],
  release: ['releaseKey', 'releaseKeyId', 'releasePublicKey'],
};

/** @throws PkiError `ERR_PKI_OPTION` */
export function checkParts(parts: readonly TreePart[]): ReadonlySet<TreePart> {
  const wrong = parts.find((part) => !TREE_PARTS.includes(part));
  if (wrong === undefined) return new Set(parts);
  const message = `parts: ${JSON.stringify(wrong)} is none of ${TREE_PARTS.join(', ')}`;
  throw new PkiError('ERR_PKI_OPTION', message, { field: 'parts' });
}

export interface PartReader {
  readonly paths: TreePaths;
  /** Reads a pair; undefined without a certificate. */
  readonly party: (spec: CredentialsSpec) => Promise<Credentials | undefined>;
  /** Says what is missing. */
  readonly needed: <T>(value: T | undefined, path: string, part: TreePart) => T;
}

/** @throws PkiError that of `needed`, and those of reading */
export async function readParts(
  parts: ReadonlySet<TreePart>,
  { paths, party, needed }: PartReader,
): Promise<PartValues> {
  const pair = async (part: 'broker' | 'ota' | 'operator', spec: CredentialsSpec): Promise<PartValues> =>
    parts.has(part) ? { [part]: needed(await party(spec), spec.certPath, part) } : {};
  return {
    ...(await pair('broker', brokerParty(paths))),
    ...(await pair('ota', otaParty(paths))),
    ...(await pair('operator', operatorParty(paths))),
    ...(parts.has('release') ? await readRelease(paths, needed) : {}),
  };
}

async function readRelease(paths: TreePaths, needed: PartReader['needed']): Promise<PartValues> {
  const { privateKey, id, publicKey } = needed(await readReleaseKey(paths), paths.releaseKey, 'release');
  return { releaseKey: privateKey, releaseKeyId: id, releasePublicKey: publicKey };
}

/** For the values that types do not offer: plain JavaScript, or parts that were chosen when the program ran. */
export function refuseOtherParts(tree: object, parts: ReadonlySet<TreePart>): void {
  for (const part of TREE_PARTS) {
    if (parts.has(part)) continue;
    for (const name of VALUES[part]) {
      Object.defineProperty(tree, name, {
        get() {
          const message = `${name}: the tree was opened without its part "${part}"; name it in the option "parts" of openPki`;
          throw new PkiError('ERR_PKI_OPTION', message, { field: 'parts' });
        },
      });
    }
  }
}
