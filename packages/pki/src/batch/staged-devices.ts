import { mkdirSync, renameSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { PUBLIC_FILE_MODE, SECRET_FILE_MODE } from '../files/atomic-file.js';
import { ensureDirectory, listDirectory, removeTempFiles, SECRET_DIRECTORY_MODE } from '../files/directory.js';
import { syncDirectories, writeNewFiles } from '../files/group-write.js';
import { ioError, systemCode } from '../files/io-error.js';
import type { Pem } from '../pem.js';
import type { DevicePaths, TreePaths } from '../tree/tree-paths.js';
import { isAbsent, readWholeFolder } from './device-folder.js';

/** No device can be named like this. */
const STAGING = '.issuing';

const stagingDir = (paths: TreePaths): string => join(paths.devicesDir, STAGING);

export interface NewDevice {
  readonly id: string;
  readonly cert: Pem;
  readonly key: Pem;
  readonly ca: Pem;
}

function stagedPaths(id: string, paths: TreePaths): DevicePaths {
  const dir = join(stagingDir(paths), id);
  return { dir, cert: join(dir, 'client.crt'), key: join(dir, 'client.key'), ca: join(dir, 'ca.crt') };
}

/** Whether a batch is at work, or one was killed. @throws PkiError `ERR_PKI_IO` */
export const isStaging = (paths: TreePaths): boolean => !isAbsent(stagingDir(paths));

/** The staging folder is there only while a batch is at work, or after it was killed: first of all that it makes. */
export const makeStaging = (paths: TreePaths): Promise<void> => ensureDirectory(stagingDir(paths), 'secret');

export const removeStaging = (paths: TreePaths): Promise<void> => removeFolder(stagingDir(paths));

/** Writes whole folders aside; on the disk, name and all, when this resolves. @throws PkiError `ERR_PKI_IO`, `ERR_PKI_EXISTS` */
export async function stageDevices(devices: readonly NewDevice[], paths: TreePaths): Promise<void> {
  const staged = devices.map((device) => ({ ...device, files: stagedPaths(device.id, paths) }));
  for (const { files } of staged) {
    try {
      mkdirSync(files.dir, { mode: SECRET_DIRECTORY_MODE });
    } catch (cause) {
      throw ioError('make the directory', files.dir, cause);
    }
  }
  await writeNewFiles(
    staged.flatMap(({ files, cert, key, ca }) => [
      { path: files.key, text: key, mode: SECRET_FILE_MODE },
      { path: files.cert, text: cert, mode: PUBLIC_FILE_MODE },
      { path: files.ca, text: ca, mode: PUBLIC_FILE_MODE },
    ]),
  );
  await syncDirectories([...staged.map(({ files }) => files.dir), stagingDir(paths)]);
}

/** Moves recorded folders to their places, each in one step. @throws PkiError `ERR_PKI_IO` */
export async function publishDevices(ids: readonly string[], paths: TreePaths): Promise<void> {
  for (const id of ids) {
    const { dir } = paths.device(id);
    try {
      renameSync(stagedPaths(id, paths).dir, dir);
    } catch (cause) {
      throw ioError('write', dir, cause);
    }
  }
  await syncDirectories([paths.devicesDir, stagingDir(paths)]);
}

/**
 * Completes what a killed batch left: a whole folder whose certificate is recorded goes to its place, the others, which
 * nobody has seen, are deleted with their keys. Call it with the tree's lock held.
 *
 * @throws PkiError `ERR_PKI_IO`
 */
export async function settleStagedDevices(paths: TreePaths): Promise<void> {
  const staging = stagingDir(paths);
  if (!isStaging(paths)) return;
  const publish: string[] = [];
  for (const id of await listDirectory(staging)) {
    const files = stagedPaths(id, paths);
    const whole = isAbsent(paths.device(id).dir) && readWholeFolder(id, files, paths) !== undefined;
    if (whole) publish.push(id);
    else await removeFolder(files.dir);
  }
  // the killed run may not have come to this: a certificate leaves only when its record is on the disk
  if (publish.length > 0) await syncDirectories([paths.issuedDir, join(paths.issuedDir, 'names')]);
  await publishDevices(publish, paths);
  await removeFolder(staging);
  for (const directory of [paths.issuedDir, join(paths.issuedDir, 'names')]) await removeTempFiles(directory);
}

async function removeFolder(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true });
  } catch (cause) {
    if (systemCode(cause) !== 'ENOENT') throw ioError('delete', path, cause);
  }
}
