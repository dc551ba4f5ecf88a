import { verifyImage } from '@secure-esp/firmware-image';
import { openPki } from '@secure-esp/pki';
import { print, type CliContext } from '../context.js';
import { CliError } from '../errors.js';
import { pathOf, readInput } from '../files.js';
import { trustedFromFiles, trustedOf } from '../keys.js';

export interface ImageVerifyOptions {
  readonly dir: string;
  readonly key?: readonly string[];
}

/** `secure-esp image verify` */
export async function imageVerify(context: CliContext, file: string, options: ImageVerifyOptions): Promise<void> {
  const bytes = await readInput(context, file, 'image');
  const trusted =
    options.key === undefined
      ? await trustedOf(await openPki(pathOf(context, options.dir)))
      : await trustedFromFiles(context, options.key);
  const verdict = await verifyImage(bytes, trusted);
  if (!verdict.ok)
    throw new CliError(
      `image "${file}" is refused: ${verdict.reason}: ${verdict.detail}`,
      'A device would refuse it too.',
    );
  print(context, `${file}: good ${verdict.scheme} signature of a trusted key (${verdict.keyDigest.slice(0, 16)}...)`);
}
