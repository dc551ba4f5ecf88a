import type { Command } from 'commander';
import type { SimOptions } from '../commands/sim.js';
import type { CliContext } from '../context.js';
import { dirOption, integerOption } from '../options.js';
import { percentOption, RENEW_AT_PERCENT } from './add-est.js';

/** `secure-esp sim` */
export function addSim(program: Command, context: CliContext): void {
  program
    .command('sim [ids...]')
    .description('Runs virtual ESP32s: the firmware core on real MQTT and HTTPS (default: esp-001).')
    .addOption(dirOption())
    .requiredOption('--firmware <file>', 'signed image they are flashed with at first start')
    .option('--firmware-version <version>', 'its version, where its descriptor has none that means something')
    .option('--url <url>', 'broker, devices’ listener', 'mqtts://localhost:8884')
    .option('--ota <url>', 'built-in firmware URL', 'https://localhost:8070/secure_esp.bin')
    .option('--state <dir>', 'keeps their flash, and with --est their pairs (default: <dir>/flash)')
    .option('--est <url>', 'enrolment server: devices get and renew their own certificates there')
    .option('--claims <file>', 'of `pki claim --out`, for devices that have no certificate yet')
    .option(
      '--renew-at <percent>',
      'of a certificate’s time, looked at when they start',
      percentOption,
      RENEW_AT_PERCENT,
    )
    .option('--require-manifest', 'refuse images without a signed release manifest')
    .option('--no-checks', 'look for updates only by command, not on the timer')
    .option(
      '--count <n>',
      'so many devices in one process, esp-00001 and on; makes the certificates they lack',
      integerOption(1, 99_999),
    )
    .option('--prefix <text>', 'their ids, before the number (default: esp-)')
    .option('--rate <n>', 'with --count: devices switched on in one second', integerOption(1, 10_000), 200)
    .option('--spread <seconds>', 'a broadcast `update/run` starts after 0 to this many', integerOption(0, 86_400), 0)
    .option('--once', 'with --count: end when every device has been updated')
    .option('--json', 'print one JSON object per line; with --count, the figures as one document')
    .action(async (ids: string[], options: SimOptions) => {
      await (await import('../commands/sim.js')).sim(context, ids, options);
    });
}
