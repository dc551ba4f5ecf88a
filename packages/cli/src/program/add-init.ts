import { Option, type Command } from 'commander';
import type { InitOptions } from '../commands/init.js';
import type { CliContext } from '../context.js';
import { chips, collect } from '../options.js';

/** `secure-esp init` */
export function addInit(program: Command, context: CliContext): void {
  program
    .command('init')
    .description('Sets up a project here: asks three questions, writes secure-esp.config.ts, makes the certificates.')
    .option('--yes', 'ask nothing: what is not given is the default')
    .option('--project <name>', 'name of the firmware’s project (default: that of the folder)')
    .addOption(new Option('--chip <chip>', 'chip of the devices (default: esp32)').choices(chips))
    .option(
      '--host <name>',
      'name or address where broker and update server will be reached (repeatable; default: localhost)',
      collect,
    )
    .option('--no-pki', 'make no certificates')
    .option('--force', 'write secure-esp.config.ts anew if it is there; certificates and keys stay')
    .option('--json', 'print JSON')
    .action(async (options: InitOptions) => {
      await (await import('../commands/init.js')).init(context, options);
    });
}
