import { Option, type Command } from 'commander';
import type { DemoCommandOptions } from '../commands/demo.js';
import type { CliContext } from '../context.js';
import { dirOption, integerOption } from '../options.js';

/** `secure-esp demo` */
export function addDemo(program: Command, context: CliContext): void {
  program
    .command('demo')
    .description('Three virtual ESP32s take a signed update over mutual TLS, here and now.')
    .addOption(dirOption())
    .option('--once', 'end after the last device confirmed, instead of keeping everything running')
    .addOption(
      new Option('--broker <kind>', 'embedded, or the installed Mosquitto')
        .choices(['embedded', 'mosquitto'])
        .default('embedded'),
    )
    .option('--devices <n>', 'number of virtual devices', integerOption(1, 50), 3)
    .option('--image <file>', 'offer this ESP32 application image; it is signed on the way')
    .option('--image-version <version>', 'version of --image, where its descriptor has none that means something')
    .option('--json', 'print one JSON object per line')
    .action(async (options: DemoCommandOptions) => {
      if (options.json !== true)
        context.stdout.write('secure-esp demo: a fleet of virtual ESP32s takes a signed update over mutual TLS\n');
      await (await import('../commands/demo.js')).demo(context, options);
    });
}
