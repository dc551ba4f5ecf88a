import type { Command, Option } from 'commander';
import type { OtaReleasesOptions } from '../commands/ota-releases.js';
import type { OtaRenewOptions } from '../commands/ota-renew.js';
import type { CliContext } from '../context.js';
import { daysOption, dirOption } from '../options.js';

/** Life of a manifest. */
export const MAX_DAYS = 3650;
export const DEFAULT_DAYS = 90;

/** `secure-esp ota list|renew`: what is released, and for how long. */
export function addOtaReleases(ota: Command, context: CliContext, firmwareOption: () => Option): void {
  ota
    .command('list')
    .description('Shows what devices are offered: the newest release of each project and chip.')
    .addOption(dirOption())
    .addOption(firmwareOption())
    .option('--all', 'older releases, too')
    .option('--expiring <days>', 'whose manifest ends within that many days, e.g. 30d', daysOption(MAX_DAYS))
    .option('--json', 'print JSON')
    .action(async (options: OtaReleasesOptions) => {
      await (await import('../commands/ota-releases.js')).otaList(context, options);
    });
  ota
    .command('renew')
    .description('Signs new manifests for the newest releases, so that devices accept them for longer.')
    .addOption(dirOption())
    .addOption(firmwareOption())
    .option('--expiring <days>', 'only those whose manifest ends within that many days, e.g. 30d', daysOption(MAX_DAYS))
    .option('--days <days>', 'how long devices accept the new manifests', daysOption(MAX_DAYS), DEFAULT_DAYS)
    .option('--json', 'print JSON')
    .action(async (options: OtaRenewOptions) => {
      await (await import('../commands/ota-renew.js')).otaRenew(context, options);
    });
}
