import { type Command, Option } from 'commander';
import type { OtaPublishOptions } from '../commands/ota-publish.js';
import type { OtaServeOptions } from '../commands/ota-serve.js';
import type { CliContext } from '../context.js';
import { LOG_LEVELS } from '../ota/log-levels.js';
import { chips, daysOption, dirOption, integerOption, portOption, sizeOption } from '../options.js';
import { addOtaReleases, DEFAULT_DAYS, MAX_DAYS } from './add-ota-releases.js';

/** The largest flash of a module. */
const MAX_SLOT_BYTES = 16 * 1024 * 1024;

const firmwareOption = (): Option => new Option('--firmware <dir>', 'published releases (default: <dir>/firmware)');

/** `secure-esp ota …` */
export function addOta(program: Command, context: CliContext): void {
  const ota = program.command('ota').description('The update server.');
  addPublish(ota, context);
  addOtaReleases(ota, context, firmwareOption);
  addServe(ota, context);
}

function addPublish(ota: Command, context: CliContext): void {
  ota
    .command('publish <file>')
    .description('Checks a signed image (-: standard input) and releases it; refuses what a device would refuse.')
    .addOption(dirOption())
    .addOption(firmwareOption())
    .option('--name <name>', 'channel: devices ask for /<name>.bin', 'secure_esp')
    .option('--project <project>', 'project the image must be of (default: the one in its descriptor)')
    .addOption(new Option('--chip <chip>', 'chip the image must be for (default: any)').choices(chips))
    .option('--image-version <version>', 'state the version, where the descriptor has none that means something')
    .option('--url <url>', 'where devices reach the server', 'https://localhost:8070')
    .option('--slot-size <size>', 'of the devices’ OTA slot, e.g. 1920K (default: 16M)', sizeOption(MAX_SLOT_BYTES))
    .option('--from <versions...>', 'offer it only to devices that run one of these versions, at most 8')
    .option('--days <days>', 'how long devices accept the manifest', daysOption(MAX_DAYS), DEFAULT_DAYS)
    .option('--dangerously-allow-same-or-lower-version', 'release a version that devices refuse, with a warning')
    .option('--json', 'print JSON')
    .action(async (file: string, options: OtaPublishOptions) => {
      await (await import('../commands/ota-publish.js')).otaPublish(context, file, options);
    });
}

function addServe(ota: Command, context: CliContext): void {
  ota
    .command('serve')
    .description('Serves the published releases over TLS to clients with a certificate.')
    .addOption(dirOption())
    .addOption(firmwareOption())
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--port <port>', 'port to listen on', portOption, 8070)
    .option('--workers <n>', 'processes that serve (default: one per core)', integerOption(1, 256))
    .option(
      '--admin-port <port>',
      'health and metrics over plain HTTP; 0 takes a free port (default: none)',
      portOption,
    )
    .option('--admin-host <address>', 'address of health and metrics', '127.0.0.1')
    .addOption(new Option('--log-level <level>', 'log what is at least so bad').choices(LOG_LEVELS).default('info'))
    .option('--drain-timeout <seconds>', 'time for running downloads at the end', integerOption(0, 3600), 10)
    .option(
      '--dangerously-serve-without-client-certificate <names...>',
      'these channels also to clients without a certificate; needs --until',
    )
    .option('--until <day>', 'end of that, at most 366 days ahead: YYYY-MM-DD (in UTC) or YYYY-MM-DDThh:mm:ssZ')
    .option('--json', 'print the addresses as lines of the log, and not on standard error')
    .action(async (options: OtaServeOptions) => {
      await (await import('../commands/ota-serve.js')).otaServe(context, options);
    });
}
