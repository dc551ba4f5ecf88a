import { inspectImage, verifyImage } from '@secure-esp/firmware-image';
import { print, type CliContext } from '../context.js';
import { readInput } from '../files.js';

export interface ImageInfoOptions {
  readonly json?: true;
}

/** `secure-esp image info` */
export async function imageInfo(context: CliContext, file: string, options: ImageInfoOptions): Promise<void> {
  const bytes = await readInput(context, file, 'image');
  const image = await inspectImage(bytes);
  const descriptor = image.descriptor;
  const facts: [string, string][] = [
    ['chip', `${image.chip ?? 'unknown'} (id ${image.chipId})`],
    ['project', descriptor?.projectName ?? '-'],
    ['version', descriptor?.version ?? '-'],
    ['secure version', descriptor === undefined ? '-' : String(descriptor.secureVersion)],
    [
      'built',
      descriptor === undefined ? '-' : `${descriptor.date} ${descriptor.time}, ESP-IDF ${descriptor.idfVersion}`,
    ],
    ['segments', String(image.segments.length)],
    ['image length', `${image.imageLength} of ${bytes.length} bytes`],
    ['identity', image.identity],
    ['appended hash', image.hashAppended ? 'present, correct' : 'absent'],
    ['signature', image.trailing],
  ];
  if (options.json === true) {
    print(context, JSON.stringify({ ...Object.fromEntries(facts), segments: image.segments }, null, 2));
    return;
  }
  for (const [name, value] of facts) print(context, `${name.padEnd(15)} ${value}`);
  const verdict = await verifyImage(bytes, {});
  if (!verdict.ok && verdict.reason === 'unsigned')
    print(context, 'The image is not signed: sign it with `secure-esp image sign`.');
}
