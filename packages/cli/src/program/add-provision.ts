import type { Command } from 'commander';
import type { CliContext } from '../context.js';
import { daysOption, dirOption, sizeOption } from '../options.js';
import type { ProvisionOptions } from '../provision/provision-settings.js';

const MAX_SIZE_BYTES = 16 * 1024 * 1024;

/** `secure-esp provision` */
export function addProvision(program: Command, context: CliContext): void {
  program
    .command('provision [ids...]')
    .description(
      'Writes what devices are flashed with to be themselves: certificate, key and CAs, as an NVS partition.',
    )
    .addOption(dirOption())
    .option('--from <file>', 'instead of ids: file with them, one a line; - for standard input')
    .option('--out <dir>', 'folder with one folder for each device', 'provisioned')
    .option(
      '--size <size>',
      'of the partition, e.g. 16K (default: as --partitions says, or 16K)',
      sizeOption(MAX_SIZE_BYTES),
    )
    .option('--partitions <file>', 'partition table (CSV) of the firmware, for offset and size')
    .option('--broker-url <url>', 'broker, devices’ listener (mqtts://…)')
    .option('--ota-url <url>', 'firmware URL (https://…)')
    .option('--release-key <file>', 'second public key that release manifests may be signed with')
    .option(
      '--est-url <url>',
      'enrolment server: a claim instead of certificate and key, which the device makes itself',
    )
    .option('--est-ca <file>', 'CA certificate of that server (default: the CA of servers)')
    .option('--claims <file>', 'claims of `pki claim --out`; - for standard input (default: makes new ones)')
    .option('--expires <days>', 'of new claims, to be used within this time, e.g. 30d (default: 7d)', daysOption(365))
    .option('--reprovision', 'new claims also for devices that have a good certificate')
    .option('--encrypt', 'encrypt it (XTS-AES-256), as encrypted NVS is')
    .option('--keys <file>', 'NVS key partition to encrypt with; `make` makes one for each device')
    .option('--csv', 'also write the CSV that Espressif’s generator makes the same of')
    .option('--batch <file>', 'also write a CSV that lists the devices: id, serial, offsets and files')
    .option('--force', 'replace files that are there')
    .option('--json', 'print JSON')
    .action(async (ids: string[], options: ProvisionOptions) => {
      await (await import('../commands/provision.js')).provision(context, ids, options);
    });
}
