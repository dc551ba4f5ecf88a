import type { TrustedKeys } from '@secure-esp/firmware-image';
import { pemFromDer, trustedFromPem } from '@secure-esp/firmware-image/node';
import { FIRMWARE_KEY_SCHEMES, isPkiError, type PkiTree } from '@secure-esp/pki';
import type { CliContext } from './context.js';
import { readInput } from './files.js';

/** The firmware keys that a tree has, for verification. */
export async function trustedOf(tree: PkiTree): Promise<TrustedKeys> {
  const pems: string[] = [];
  for (const scheme of FIRMWARE_KEY_SCHEMES) {
    try {
      pems.push(await tree.firmwareKey(scheme));
    } catch (error) {
      // A tree has keys only for the chips it was made for. A key that is there but damaged is no such case.
      if (!isPkiError(error) || error.code !== 'ERR_PKI_NOT_FOUND') throw error;
    }
  }
  return trustedFromPem(pems);
}

/** Reads key files named on the command line as trusted keys. */
export async function trustedFromFiles(context: CliContext, paths: readonly string[]): Promise<TrustedKeys> {
  const pems = await Promise.all(paths.map((path) => readPem(context, path)));
  return trustedFromPem(pems);
}

const ASN1_SEQUENCE = 0x30;

/** A key file in PEM or DER, as PEM. */
export async function readPem(context: CliContext, path: string): Promise<string> {
  const bytes = await readInput(context, path, 'key file');
  return bytes[0] === ASN1_SEQUENCE ? pemFromDer(bytes) : new TextDecoder().decode(bytes);
}
