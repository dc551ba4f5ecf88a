import { createPublicKey, type KeyObject } from 'node:crypto';
import type { CliContext } from '../context.js';
import { CliError } from '../errors.js';
import { readInput } from '../files.js';

const der = (key: KeyObject): Uint8Array => new Uint8Array(key.export({ type: 'spki', format: 'der' }));

/** The release key of the tree and, in front of the next one's first release, one more of a file. */
export async function releaseKeysOf(
  context: CliContext,
  ofTree: string,
  file: string | undefined,
): Promise<readonly Uint8Array[]> {
  const first = der(createPublicKey(ofTree));
  if (file === undefined) return [first];
  const second = der(parse(Buffer.from(await readInput(context, file, 'release key')), file));
  return Buffer.compare(first, second) === 0 ? [first] : [first, second];
}

function parse(pem: Buffer, file: string): KeyObject {
  const nextStep = 'Name the PEM file of a P-256 public key, such as release-keys/release.pub.pem of a tree.';
  let key: KeyObject;
  try {
    // read again: what comes of a damaged private key ends the process when asked for its details
    key = createPublicKey({ key: Buffer.from(der(createPublicKey(pem))), format: 'der', type: 'spki' });
  } catch {
    // its message may quote what is in the file
    throw new CliError(`"${file}" holds no public key.`, nextStep);
  }
  if (key.asymmetricKeyDetails?.namedCurve !== 'prime256v1')
    throw new CliError(`the key in "${file}" is not on the curve P-256.`, nextStep);
  return key;
}
