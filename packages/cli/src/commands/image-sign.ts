import {
  defaultSchemeForChip,
  inspectImage,
  reportImage,
  schemeFor,
  SIGNATURE_SCHEMES,
  signImage,
  type InspectedImage,
  type SignatureScheme,
  type SignOptions,
} from '@secure-esp/firmware-image';
import { keyTypeOfPem, signerFromPem, trustedFromPem } from '@secure-esp/firmware-image/node';
import { openPki } from '@secure-esp/pki';
import { print, type CliContext } from '../context.js';
import { CliError } from '../errors.js';
import { pathOf, readInput, writeOutput } from '../files.js';
import { readPem } from '../keys.js';
import { printReport } from './image-output.js';

export interface ImageSignOptions {
  readonly dir: string;
  readonly key?: string;
  readonly scheme?: SignatureScheme;
  readonly append?: true;
  readonly replace?: true;
  readonly out?: string;
  readonly json?: true;
}

/** `secure-esp image sign` */
export async function imageSign(context: CliContext, file: string, options: ImageSignOptions): Promise<void> {
  const bytes = await readInput(context, file, 'image');
  const image = await inspectImage(bytes);
  const key = options.key === undefined ? undefined : await readPem(context, options.key);
  const scheme = schemeOf(file, image, key, options);
  const pem = key ?? (await treeKey(context, options.dir, scheme));
  const signed = await signImage(bytes, signerFromPem(pem, scheme), { existing: existingOf(options) });
  const out = options.out ?? `${file.replace(/\.bin$/, '')}.signed.bin`;
  await writeOutput(pathOf(context, out), signed);
  if (options.json === true) printReport(context, out, await reportImage(signed, { trusted: trustedFromPem(pem) }));
  else print(context, `signed ${out}: ${scheme}, ${signed.length} bytes`);
}

function existingOf({ append, replace }: ImageSignOptions): NonNullable<SignOptions['existing']> {
  if (append === true) return 'append';
  return replace === true ? 'replace' : 'refuse';
}

/** What was asked for, or what the key is on this chip, or what the image has already, or the chip's usual one. */
function schemeOf(
  file: string,
  { chip, signature }: InspectedImage,
  key: string | undefined,
  { scheme, append }: ImageSignOptions,
): SignatureScheme {
  if (chip === undefined)
    throw new CliError(`image "${file}" is for a chip this version does not know.`, 'Update secure-esp.');
  if (scheme !== undefined) return scheme;
  if (key !== undefined) return schemeFor(chip, keyTypeOfPem(key));
  const [block] = append === true && signature.kind === 'v2' ? signature.blocks : [];
  return SIGNATURE_SCHEMES.find((name) => name === block?.scheme) ?? defaultSchemeForChip(chip);
}

async function treeKey(context: CliContext, dir: string, scheme: SignatureScheme): Promise<string> {
  if (scheme === 'v2-ecdsa-p384') throw new CliError('a tree holds no P-384 key.', 'Name one with --key.');
  const tree = await openPki(pathOf(context, dir));
  // Never made here: no device in the field would trust an image that is signed with a fresh key.
  return tree.firmwareKey(scheme);
}
