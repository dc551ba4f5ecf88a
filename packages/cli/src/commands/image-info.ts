import { reportImage, type ImageReport, type SignatureReport } from '@secure-esp/firmware-image';
import { print, type CliContext } from '../context.js';
import { CliError } from '../errors.js';
import { readInput } from '../files.js';
import { printable, printReport } from './image-output.js';

export interface ImageInfoOptions {
  readonly json?: true;
}

/** `secure-esp image info` */
export async function imageInfo(context: CliContext, file: string, options: ImageInfoOptions): Promise<void> {
  const report = await reportImage(await readInput(context, file, 'image'));
  if (options.json === true) printReport(context, file, report);
  else for (const [name, value] of factsOf(report)) print(context, `${name.padEnd(15)} ${value}`);
  if (!report.intact && report.kind !== 'merged') {
    throw new CliError(`"${file}" is no intact image.`, 'Copy it again from where it was built.');
  }
  if (options.json === true) return;
  const nextStep = nextStepOf(file, report);
  if (nextStep !== undefined) print(context, nextStep);
}

function nextStepOf(file: string, { kind, applications, signatures, trailing }: ImageReport): string | undefined {
  const [first, ...more] = applications;
  if (kind === 'merged') {
    if (first === undefined) return 'There is no application in it to carve out: offer the one that your build made.';
    const slot = more.length === 0 ? '' : ` --slot ${first.slot}`;
    return `Carve the application out: \`secure-esp image extract ${file}${slot} -o app.bin\`.`;
  }
  if (kind !== 'application' || signatures.length > 0 || trailing === 'unknown') return undefined;
  return 'The image is not signed: sign it with `secure-esp image sign`.';
}

/** `major * 100 + minor`, as `v3.1`. */
const revision = (value: number): string => `v${Math.floor(value / 100)}.${value % 100}`;

function revisionsOf({ minChipRevision: min, maxChipRevision: max }: ImageReport): string {
  if (min === null && max === null) return 'any revision';
  if (max === null) return `revision ${revision(min ?? 0)} or later`;
  return `revisions ${revision(min ?? 0)} to ${revision(max)}`;
}

const KINDS: Readonly<Record<ImageReport['kind'], string>> = {
  application: 'application image',
  other_image: 'image without an application descriptor (a bootloader?)',
  merged: 'merged flash image: bootloader, partition table, applications',
  unknown: 'not an image',
};

function factsOf(report: ImageReport): [string, string][] {
  const { applications, signatures, problems } = report;
  return [
    ['file', `${KINDS[report.kind]}, ${report.fileBytes} bytes`],
    ['file SHA-256', report.fileSha256],
    ...imageFacts(report),
    ...applications.map(({ slot, label, offset }): [string, string] => [
      'application',
      `${slot} ("${printable(label)}") at offset 0x${offset.toString(16)}`,
    ]),
    ...signatures.map((signature): [string, string] => ['signature', signatureText(signature)]),
    ...problems.map(({ code, message }): [string, string] => ['wrong', `${message} (${code})`]),
  ];
}

function imageFacts(report: ImageReport): [string, string][] {
  const { chipId, project, version } = report;
  const facts: [string, string][] = [];
  if (chipId !== null) facts.push(['chip', `${report.chip ?? 'unknown'} (id ${chipId}), ${revisionsOf(report)}`]);
  if (project !== null && version !== null) {
    const tool = report.describesProduct === false ? ' (of the build tool, not of the product)' : '';
    facts.push(['project', printable(project) + tool], ['version', printable(version) + tool]);
    facts.push(['secure version', String(report.secureVersion)]);
    facts.push(['built', printable(`${report.buildDate ?? ''} ${report.buildTime ?? ''}`.trim())]);
    facts.push(['ESP-IDF', printable(report.idfVersion ?? '') || '-'], ['ELF SHA-256', report.elfSha256 ?? '-']);
  }
  if (report.identity === null) return facts;
  facts.push(['segments', String(report.segments.length)], ['image length', `${String(report.imageBytes)} bytes`]);
  facts.push(['identity', report.identity]);
  facts.push(['appended hash', report.hashAppended === true ? 'present, correct' : 'absent']);
  return facts;
}

function signatureText({ slot, scheme, state, keyDigest, honoured }: SignatureReport): string {
  const where = slot === null ? '' : `slot ${slot}: `;
  const key = keyDigest === null ? 'names no key: `image verify` says more' : `key ${keyDigest}`;
  const unread = honoured ? '' : ', the chip does not look at it';
  return `${where}${scheme}, ${state === 'unknown' ? '' : `${state}, `}${key}${unread}`;
}
