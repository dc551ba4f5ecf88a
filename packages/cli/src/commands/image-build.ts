import { buildImage, reportImage, type ChipName } from '@secure-esp/firmware-image';
import { print, type CliContext } from '../context.js';
import { printReport, writeNew } from './image-output.js';

export interface ImageBuildOptions {
  readonly chip: ChipName;
  readonly project: string;
  readonly imageVersion: string;
  readonly secureVersion: number;
  readonly out: string;
  readonly force?: true;
  readonly json?: true;
}

/** `secure-esp image build` */
export async function imageBuild(context: CliContext, options: ImageBuildOptions): Promise<void> {
  const { chip, project, imageVersion: version, secureVersion, out, force, json } = options;
  const image = await buildImage({ chip, project, version, secureVersion });
  await writeNew(context, out, image, force);
  if (json === true) {
    printReport(context, out, await reportImage(image));
    return;
  }
  print(context, `made ${out}: ${project} ${version} for ${chip}, ${image.length} bytes, no code that runs`);
  print(context, `Sign it with \`secure-esp image sign ${out}\`.`);
}
