import { realpath } from 'node:fs/promises';
import { basename, dirname, join, relative, sep } from 'node:path';

/** What `pki init` and its like make at the root of a tree. The root itself may be somebody's project folder. */
const OWN = new Set([
  ...['ca', 'device-ca', 'devices', 'adopted', 'claims', 'issued', 'main', 'firmware-keys', 'release-keys'],
  ...['secure_boot_signing_key.pem', '.pki.lock'],
]);

/** True for a path at which the tree in `dir` has, or may come to have, a file of its own. */
export async function isOfTree(path: string, dir: string): Promise<boolean> {
  const folder = await realpath(dirname(path)).catch(() => dirname(path));
  const root = await realpath(dir).catch(() => dir);
  const [first = ''] = relative(root, join(folder, basename(path))).split(sep);
  return OWN.has(first);
}
