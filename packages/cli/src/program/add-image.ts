import { APPLICATION_SLOTS, SIGNATURE_SCHEMES } from '@secure-esp/firmware-image';
import { Option, type Command } from 'commander';
import type { ImageBuildOptions } from '../commands/image-build.js';
import type { ImageExtractOptions } from '../commands/image-extract.js';
import type { ImageInfoOptions } from '../commands/image-info.js';
import type { ImageSignOptions } from '../commands/image-sign.js';
import type { ImageVerifyOptions } from '../commands/image-verify.js';
import type { CliContext } from '../context.js';
import { requiredOrProject } from '../project/apply-project.js';
import { chips, collect, dirOption, integerOption } from '../options.js';

const MAX_SECURE_VERSION = 0xffff_ffff;

/** `secure-esp image …` */
export function addImage(program: Command, context: CliContext): void {
  const image = program.command('image').description('ESP32 application images.');
  const command = (usage: string, description: string): Command =>
    image.command(usage).description(description).option('--json', 'print JSON');
  command('info <file>', 'Shows what a file is, for which chip, by which key it is signed, and what is wrong.').action(
    async (file: string, options: ImageInfoOptions) => {
      await (await import('../commands/image-info.js')).imageInfo(context, file, options);
    },
  );
  command('sign <file>', 'Appends a signature in the form that the image’s chip verifies.')
    .addOption(dirOption())
    .option('--key <file>', 'firmware signing key, PEM or DER (default: the one of --dir for the scheme)')
    .addOption(
      new Option('--scheme <scheme>', 'default: the one of --key on the chip, or the chip’s').choices(
        SIGNATURE_SCHEMES,
      ),
    )
    .addOption(new Option('--append', 'keep the v2 signatures that are there, and add one').conflicts('replace'))
    .option('--replace', 'drop the signatures that are there')
    .option('-o, --out <file>', 'signed image (default: <file>.signed.bin)')
    .action(async (file: string, options: ImageSignOptions) => {
      await (await import('../commands/image-sign.js')).imageSign(context, file, options);
    });
  command(
    'verify <file>',
    'Verifies an image by the rules of the device; exit code 1 and the reason if it would refuse.',
  )
    .addOption(dirOption())
    .option(
      '--key <file>',
      'trusted key, public or private, PEM or DER (repeatable; default: the firmware keys of --dir)',
      collect,
    )
    .action(async (file: string, options: ImageVerifyOptions) => {
      await (await import('../commands/image-verify.js')).imageVerify(context, file, options);
    });
  command('extract <file>', 'Carves the application, with its signature, out of a merged flash image.')
    .addOption(new Option('--slot <slot>', 'which, where there are several').choices(APPLICATION_SLOTS))
    .requiredOption('-o, --out <file>', 'application image')
    .option('--force', 'replace --out')
    .action(async (file: string, options: ImageExtractOptions) => {
      await (await import('../commands/image-extract.js')).imageExtract(context, file, options);
    });
  command('build', 'Makes a small image to try servers with; it is valid, but holds no code that runs.')
    .addOption(new Option('--chip <chip>', 'chip it is for').choices(chips).default('esp32'))
    .addOption(requiredOrProject(new Option('--project <project>', 'project in its descriptor')))
    .requiredOption('--image-version <version>', 'version in its descriptor')
    .option('--secure-version <n>', 'anti-rollback counter', integerOption(0, MAX_SECURE_VERSION), 0)
    .requiredOption('-o, --out <file>', 'image')
    .option('--force', 'replace --out')
    .action(async (options: ImageBuildOptions) => {
      await (await import('../commands/image-build.js')).imageBuild(context, options);
    });
}
