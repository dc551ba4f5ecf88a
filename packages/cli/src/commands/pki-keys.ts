import { keyDigestFromPem } from '@secure-esp/firmware-image/node';
import { FIRMWARE_KEY_SCHEMES, isPkiError, openPki, type FirmwareKeyScheme, type PkiTree } from '@secure-esp/pki';
import { relative } from 'node:path';
import { print, type CliContext } from '../context.js';
import { pathOf } from '../files.js';
import { printJson, type PkiOptions } from './pki-format.js';

interface FirmwareKeyFacts {
  readonly scheme: FirmwareKeyScheme;
  readonly key: string;
  /** SHA-256 of the public key as it stands in a v2 signature block, hex; v1 has no digest in the eFuses */
  readonly efuseDigest?: string;
}

/** `secure-esp pki keys`: the keys that sign firmware and releases, as devices know them. */
export async function pkiKeys(context: CliContext, options: PkiOptions): Promise<void> {
  const tree = await openPki(pathOf(context, options.dir));
  const firmware: FirmwareKeyFacts[] = [];
  for (const scheme of FIRMWARE_KEY_SCHEMES) {
    const pem = await firmwareKeyOf(tree, scheme);
    if (pem === undefined) continue;
    const key = relative(context.cwd, tree.paths.firmwareKeys[scheme]);
    firmware.push({ scheme, key, ...(scheme.startsWith('v2-') && { efuseDigest: keyDigestFromPem(pem) }) });
  }
  const release = { key: relative(context.cwd, tree.paths.releaseKey), id: tree.releaseKeyId };
  if (options.json === true) {
    printJson(context, { firmware, release });
    return;
  }
  for (const { scheme, key, efuseDigest } of firmware) {
    print(context, `firmware  ${scheme.padEnd(13)}  ${key}`);
    print(context, `          eFuse digest   ${efuseDigest ?? 'none: v1 firmware carries the public key'}`);
  }
  print(context, `release   ES256          ${release.key}`);
  print(context, `          key id         ${release.id}`);
}

/** A tree has keys only for the chips it was made for. */
async function firmwareKeyOf(tree: PkiTree, scheme: FirmwareKeyScheme): Promise<string | undefined> {
  try {
    return await tree.firmwareKey(scheme);
  } catch (error) {
    if (isPkiError(error) && error.code === 'ERR_PKI_NOT_FOUND') return undefined;
    throw error;
  }
}
