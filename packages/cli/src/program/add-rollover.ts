import { Argument, InvalidArgumentError, type Command } from 'commander';
import type { PkiAdoptOptions } from '../commands/pki-adopt.js';
import type { PkiRolloverOptions } from '../commands/pki-rollover.js';
import type { CliContext } from '../context.js';
import { collect, daysOption, dirOption, integerOption } from '../options.js';

/** `secure-esp pki rollover` and `secure-esp pki adopt`: CAs that come and go. */
export function addRollover(pki: Command, context: CliContext): void {
  pki
    .command('rollover')
    .description('Replaces a CA by a new root in three phases, or shows where both CAs are.')
    .addArgument(new Argument('[ca]', 'which CA').choices(['ca', 'device-ca', 'status']).default('status'))
    .addOption(dirOption())
    .option('--json', 'print JSON')
    .option('--prepare', 'make the new root and trust both; the old one goes on signing')
    .option('--switch', 'let the new root sign; broker, update server and operator get certificates of it')
    .option('--finish', 'trust the old root no more; refused while good certificates of it are left')
    .option('--revoke-superseded', 'with --finish: revoke those whose holder has one of the new root')
    .option('--keep-retired-key', 'with --finish: archive the old root’s key instead of deleting it')
    .option('--dangerously-strand <n>', 'with --finish: cut off so many holders at most', integerOption(0, 9_999_999))
    .action(async (which: 'ca' | 'device-ca' | 'status', options: PkiRolloverOptions) => {
      await (await import('../commands/pki-rollover.js')).pkiRollover(context, which, options);
    });
  pki
    .command('adopt [folder]')
    .description('Lets the clients of a tree of certificate_creation.sh in for a time, and takes over its signing key.')
    .addOption(dirOption())
    .option('--json', 'print JSON')
    .option('--until <end>', 'last day (2027-06-30) or number of days (default: 180d)', untilOption)
    .option('--end', 'end the adoption now')
    .option('--keep-signing-key', 'keep the firmware signing key of --dir where the two differ')
    .option('--host <name>', 'as for `pki init` (repeatable)', collect)
    .option('--device <id>', 'as for `pki init` (repeatable)', collect)
    .action(async (folder: string | undefined, options: PkiAdoptOptions) => {
      await (await import('../commands/pki-adopt.js')).pkiAdopt(context, folder, options);
    });
}

const DAY_MS = 86_400_000;

/** The end of a day, in UTC, or so many days from now. */
function untilOption(text: string): Date {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return new Date(Date.now() + daysOption(36_500)(text) * DAY_MS);
  const end = new Date(`${text}T23:59:59Z`);
  if (Number.isNaN(end.getTime()) || !end.toISOString().startsWith(text)) {
    throw new InvalidArgumentError('must be a day such as 2027-06-30, or a number of days.');
  }
  return end;
}
