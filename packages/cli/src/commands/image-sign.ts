import { defaultSchemeForChip, inspectImage, signImage, type SignatureScheme } from '@secure-esp/firmware-image';
import { signerFromPem } from '@secure-esp/firmware-image/node';
import { openPki } from '@secure-esp/pki';
import { print, type CliContext } from '../context.js';
import { CliError } from '../errors.js';
import { pathOf, readInput, writeOutput } from '../files.js';
import { readPem } from '../keys.js';

export interface ImageSignOptions {
  readonly dir: string;
  readonly key?: string;
  readonly scheme?: SignatureScheme;
  readonly out?: string;
}

/** `secure-esp image sign` */
export async function imageSign(context: CliContext, file: string, options: ImageSignOptions): Promise<void> {
  const bytes = await readInput(context, file, 'image');
  const { chip } = await inspectImage(bytes);
  if (chip === undefined)
    throw new CliError(`image "${file}" is for a chip this version does not know.`, 'Update secure-esp.');
  const scheme = options.scheme ?? defaultSchemeForChip(chip);
  const pem =
    options.key === undefined ? await treeKey(context, options.dir, scheme) : await readPem(context, options.key);
  const signed = await signImage(bytes, signerFromPem(pem, scheme));
  const out = options.out ?? `${file.replace(/\.bin$/, '')}.signed.bin`;
  await writeOutput(pathOf(context, out), signed);
  print(context, `signed ${out}: ${scheme}, ${signed.length} bytes`);
}

async function treeKey(context: CliContext, dir: string, scheme: SignatureScheme): Promise<string> {
  if (scheme === 'v2-ecdsa-p384') throw new CliError('a tree holds no P-384 key.', 'Name one with --key.');
  const tree = await openPki(pathOf(context, dir));
  // Never made here: no device in the field would trust an image that is signed with a fresh key.
  return tree.firmwareKey(scheme);
}
