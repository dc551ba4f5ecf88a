import { PkiError } from '../errors.js';
import { exists } from '../files/atomic-file.js';
import { removeAccessOfOthers } from '../files/directory.js';
import { parseFile, readTextFile } from '../files/text-file.js';
import { checkScheme, type FirmwareKeyScheme, generateFirmwareKey, parseFirmwareKey } from '../keys/firmware-key.js';
import { generateReleaseKey, parseReleaseKey, publicKeyId, type ReleaseKey } from '../keys/release-key.js';
import type { Pem } from '../pem.js';
import type { TreeContext } from './tree-context.js';
import type { TreePaths } from './tree-paths.js';

/** @throws PkiError `ERR_PKI_OPTION`, `ERR_PKI_PEM`, `ERR_PKI_KEY`, `ERR_PKI_IO`, naming the file */
export async function readFirmwareKey(paths: TreePaths, scheme: FirmwareKeyScheme): Promise<Pem | undefined> {
  const path = paths.firmwareKeys[checkScheme(scheme)];
  const pem = await readTextFile(path);
  return pem === undefined ? undefined : parseFile(path, pem, (text) => parseFirmwareKey(text, scheme));
}

/** Never replaces a key: every device in the field trusts exactly the one that signed its firmware. */
export async function ensureFirmwareKey(scheme: FirmwareKeyScheme, { paths, writer }: TreeContext): Promise<Pem> {
  const found = await readFirmwareKey(paths, scheme);
  const path = paths.firmwareKeys[scheme];
  if (found !== undefined) {
    await removeAccessOfOthers(path);
    return found;
  }
  if (scheme === 'v2-rsa-3072') writer.step('make the RSA-3072 key, which can take some seconds');
  const pem = await generateFirmwareKey(scheme);
  await writer.createSecret(path, pem);
  return pem;
}

/** @throws PkiError `ERR_PKI_PEM`, `ERR_PKI_KEY`, `ERR_PKI_IO`, naming the file */
export async function readReleaseKey(paths: TreePaths): Promise<ReleaseKey | undefined> {
  const pem = await readTextFile(paths.releaseKey);
  if (pem === undefined) return undefined;
  const key = parseFile(paths.releaseKey, pem, parseReleaseKey);
  const publicPem = await readTextFile(paths.releasePublicKey);
  if (publicPem !== undefined && parseFile(paths.releasePublicKey, publicPem, publicKeyId) !== key.id) {
    const message = `${paths.releasePublicKey} is not the public half of ${paths.releaseKey}`;
    throw new PkiError('ERR_PKI_KEY', message, { path: paths.releasePublicKey });
  }
  return key;
}

export async function ensureReleaseKey({ paths, writer }: TreeContext): Promise<ReleaseKey> {
  let key = await readReleaseKey(paths);
  if (key === undefined) {
    if (await exists(paths.releasePublicKey)) {
      const message = `${paths.releaseKey} is missing but ${paths.releasePublicKey} is there: put it back`;
      throw new PkiError('ERR_PKI_KEY', message, { path: paths.releaseKey });
    }
    key = await generateReleaseKey();
    await writer.createSecret(paths.releaseKey, key.privateKey);
  } else {
    await removeAccessOfOthers(paths.releaseKey);
  }
  if (!(await exists(paths.releasePublicKey))) {
    await writer.writePublic(paths.releasePublicKey, key.publicKey, 'secret');
  }
  return key;
}
