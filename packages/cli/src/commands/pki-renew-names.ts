import { parseCertificate, type PkiTree } from '@secure-esp/pki';
import { CliError } from '../errors.js';

/** Which certificates are to be renewed when no names are given. */
export interface RenewSelection {
  /** those whose holder will have none within so many days */
  readonly expiring?: number;
  /** those whose holder has none of the root that signs now */
  readonly oldRoot?: true;
}

export interface NamesToRenew {
  /** with a pair in the tree */
  readonly here: readonly string[];
  /** certified for a key that somebody else has */
  readonly elsewhere: readonly string[];
}

const WRONG_USAGE = 2;

/** Names or a selection, before anything is read. */
export function checkSelection(names: readonly string[], selection: RenewSelection): void {
  if (selects(selection) && names.length > 0) {
    throw new CliError('names, or a selection, but not both.', 'Leave one of them out.', WRONG_USAGE);
  }
  if (!selects(selection) && names.length === 0) {
    const nextStep = 'Name them, or give `--expiring 30d` or `--old-root`.';
    throw new CliError('which certificates are to be renewed?', nextStep, WRONG_USAGE);
  }
}

const selects = ({ expiring, oldRoot }: RenewSelection): boolean => expiring !== undefined || oldRoot === true;

/** The names as given, or those that the selection finds. */
export async function namesToRenew(
  tree: PkiTree,
  names: readonly string[],
  selection: RenewSelection,
): Promise<NamesToRenew> {
  if (!selects(selection)) return { here: [...new Set(names)], elsewhere: [] };
  const found = new Set<string>();
  if (selection.expiring !== undefined) {
    for await (const { role, commonName } of tree.inventory({ expiringWithinDays: selection.expiring })) {
      if (role !== 'ca') found.add(commonName);
    }
  }
  if (selection.oldRoot === true) for (const name of await ofOldRoots(tree)) found.add(name);
  const held = new Set([...(await tree.devices()), tree.broker.cn, tree.ota.cn, tree.operator.cn]);
  const sorted = [...found].sort();
  return { here: sorted.filter((name) => held.has(name)), elsewhere: sorted.filter((name) => !held.has(name)) };
}

async function ofOldRoots(tree: PkiTree): Promise<readonly string[]> {
  // the first certificate of a bundle is that of the root that signs
  const signing = new Set([tree.ca, tree.deviceCa].map((bundle) => parseCertificate(first(bundle)).subjectKeyId));
  const current = new Set<string>();
  const old = new Set<string>();
  for await (const { role, commonName, issuerKeyId } of tree.inventory({ state: 'good' })) {
    if (role !== 'ca') (signing.has(issuerKeyId) ? current : old).add(commonName);
  }
  return [...old].filter((name) => !current.has(name));
}

const first = (bundle: string): string => bundle.split(/(?=-----BEGIN )/)[0] ?? '';
