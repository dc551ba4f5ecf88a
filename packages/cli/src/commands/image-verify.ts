import { reportImage } from '@secure-esp/firmware-image';
import { openPki } from '@secure-esp/pki';
import { print, type CliContext } from '../context.js';
import { CliError } from '../errors.js';
import { pathOf, readInput } from '../files.js';
import { trustedFromFiles, trustedOf } from '../keys.js';
import { printReport } from './image-output.js';

export interface ImageVerifyOptions {
  readonly dir: string;
  readonly key?: readonly string[];
  readonly json?: true;
}

/** `secure-esp image verify` */
export async function imageVerify(context: CliContext, file: string, options: ImageVerifyOptions): Promise<void> {
  const bytes = await readInput(context, file, 'image');
  const trusted =
    options.key === undefined
      ? await trustedOf(await openPki(pathOf(context, options.dir)))
      : await trustedFromFiles(context, options.key);
  const report = await reportImage(bytes, { trusted });
  const { verdict, kind } = report;
  if (options.json === true) printReport(context, file, report);
  if (verdict?.ok === false) {
    throw new CliError(
      `image "${file}" is refused: ${verdict.reason}: ${verdict.detail}`,
      kind === 'merged'
        ? `See \`secure-esp image info ${file}\` for how to carve the application out.`
        : 'A device would refuse it too.',
    );
  }
  if (verdict === null || options.json === true) return;
  print(context, `${file}: good ${verdict.scheme} signature of a trusted key (${verdict.keyDigest.slice(0, 16)}...)`);
}
