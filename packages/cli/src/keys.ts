import type { SignatureScheme, TrustedKeys } from '@secure-esp/firmware-image';
import { trustedFromPem } from '@secure-esp/firmware-image/node';
import { isPkiError, type PkiTree } from '@secure-esp/pki';
import type { CliContext } from './context.js';
import { readInput } from './files.js';

const SCHEMES = ['v1-ecdsa-p256', 'v2-rsa-3072', 'v2-ecdsa-p256'] as const satisfies readonly SignatureScheme[];

/** The firmware keys that a tree has, for verification. */
export async function trustedOf(tree: PkiTree): Promise<TrustedKeys> {
  const pems: string[] = [];
  for (const scheme of SCHEMES) {
    try {
      pems.push(await tree.firmwareKey(scheme));
    } catch (error) {
      // A tree has keys only for the chips it was made for.
      if (!isPkiError(error)) throw error;
    }
  }
  return trustedFromPem(pems);
}

/** Reads key files named on the command line as trusted keys. */
export async function trustedFromFiles(context: CliContext, paths: readonly string[]): Promise<TrustedKeys> {
  const pems = await Promise.all(paths.map((path) => readPem(context, path)));
  return trustedFromPem(pems);
}

export async function readPem(context: CliContext, path: string): Promise<string> {
  return new TextDecoder().decode(await readInput(context, path, 'key file'));
}
