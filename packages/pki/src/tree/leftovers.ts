import { dirname, join } from 'node:path';
import { settleStagedDevices } from '../batch/staged-devices.js';
import { listDirectory, removeTempFiles } from '../files/directory.js';
import type { TreePaths } from './tree-paths.js';

/** Half-written files of a killed run, some with keys in them; nobody else writes while the lock is held. */
export async function removeLeftovers(paths: TreePaths): Promise<void> {
  const files = [
    ...[paths.caCert, paths.caKey, paths.deviceCaCert, paths.deviceCaKey, paths.releaseKey],
    ...[paths.caCrl, paths.deviceCaCrl, paths.adopted.ca],
    ...[paths.mqttCa, paths.otaCertsCa, ...Object.values(paths.firmwareKeys)],
  ];
  const devices = (await listDirectory(paths.devicesDir)).map((id) => paths.device(id).dir);
  const directories = new Set([
    ...files.map((path) => dirname(path)),
    ...devices,
    paths.issuedDir,
    ...['names', 'revoked'].map((name) => join(paths.issuedDir, name)),
    ...(await listDirectory(join(paths.issuedDir, 'crls'))).map((name) => join(paths.issuedDir, 'crls', name)),
  ]);
  for (const directory of directories) await removeTempFiles(directory);
  await settleStagedDevices(paths);
}
