import { carveApplication, findMergedImage, reportImage, type ApplicationSlot } from '@secure-esp/firmware-image';
import { print, type CliContext } from '../context.js';
import { CliError } from '../errors.js';
import { readInput } from '../files.js';
import { printable, printReport, writeNew } from './image-output.js';

export interface ImageExtractOptions {
  readonly slot?: ApplicationSlot;
  readonly out: string;
  readonly force?: true;
  readonly json?: true;
}

/** `secure-esp image extract` */
export async function imageExtract(context: CliContext, file: string, options: ImageExtractOptions): Promise<void> {
  const { slot, out, force, json } = options;
  const bytes = await readInput(context, file, 'image');
  const merged = findMergedImage(bytes);
  if (merged === undefined) {
    throw new CliError(
      `"${file}" is not a merged flash image.`,
      `See what it is with \`secure-esp image info ${file}\`.`,
    );
  }
  const [first, ...more] = merged.applications;
  if (slot === undefined && more.length > 0) {
    const slots = merged.applications.map((application) => application.slot).join(', ');
    throw new CliError(
      `"${file}" holds several applications: ${slots}.`,
      `Say which: \`--slot ${String(first?.slot)}\`.`,
    );
  }
  const application = carveApplication(bytes, slot === undefined ? {} : { slot });
  const report = await reportImage(application);
  if (!report.intact) {
    const why = report.problems.map(({ message }) => message).join('; ');
    throw new CliError(`the application in "${file}" is damaged: ${why}.`, 'Copy the file again.');
  }
  await writeNew(context, out, application, force);
  if (json === true) {
    printReport(context, out, report);
    return;
  }
  const signed = report.signatures.length === 0 ? 'not signed' : 'with its signature';
  const name = printable(`${report.project ?? ''} ${report.version ?? ''}`.trim());
  print(
    context,
    `made ${out}: ${name} for ${report.chip ?? 'an unknown chip'}, ${application.length} bytes, ${signed}`,
  );
}
