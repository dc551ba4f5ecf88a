import { cp, mkdir, readdir, rename, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

const AUTHORITIES = [
  'ca/certs/ca.crt',
  'device-ca/certs/device-ca.crt',
  'ca/crl/ca.crl',
  'device-ca/crl/device-ca.crl',
];

/** Files and folders that each server needs of a tree. */
export const NEEDED = {
  broker: [...AUTHORITIES, 'ca/certs/server.crt', 'ca/keys/server.key', 'issued'],
  // the records first: a new list makes it look at them
  ota: ['issued', 'ca/certs/update_cert.pem', 'ca/keys/update_key.pem', ...AUTHORITIES],
  est: [...AUTHORITIES, 'ca/certs/update_cert.pem', 'ca/keys/update_key.pem', 'device-ca/keys', 'issued', 'claims'],
} as const;

/** Brings what changed of these files into another folder, each renamed into its place. */
export async function collect(from: string, to: string, parts: readonly string[]): Promise<void> {
  for (const part of parts) {
    for (const file of await filesOf(from, part)) {
      const [source, target] = [join(from, file), join(to, file)];
      const { mtimeMs } = await stat(source);
      if ((await stat(target).catch(() => undefined))?.mtimeMs === mtimeMs) continue;
      await mkdir(dirname(target), { recursive: true });
      await cp(source, `${target}.part`, { preserveTimestamps: true });
      await rename(`${target}.part`, target);
    }
  }
}

async function filesOf(root: string, part: string): Promise<readonly string[]> {
  if (!(await stat(join(root, part))).isDirectory()) return [part];
  const entries = await readdir(join(root, part), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name).slice(root.length + 1));
}
