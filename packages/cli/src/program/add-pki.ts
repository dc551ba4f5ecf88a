import { Option, type Command } from 'commander';
import type { PkiCrlOptions } from '../commands/pki-crl.js';
import type { PkiExportOptions } from '../commands/pki-export.js';
import type { PkiOptions } from '../commands/pki-format.js';
import type { PkiInitOptions } from '../commands/pki-init.js';
import type { PkiIssueOptions } from '../commands/pki-issue.js';
import type { PkiListOptions } from '../commands/pki-list.js';
import type { PkiRenewOptions } from '../commands/pki-renew.js';
import type { PkiRevokeOptions } from '../commands/pki-revoke.js';
import type { PkiSignCsrOptions } from '../commands/pki-sign-csr.js';
import type { CliContext } from '../context.js';
import { chips, collect, daysOption, dirOption, integerOption } from '../options.js';
import { CSR_ROLES, PKI_REASONS, PKI_ROLES, PKI_STATES } from '../pki-choices.js';
import { addClaims } from './add-est.js';
import { addRollover } from './add-rollover.js';

/** `secure-esp pki …` */
export function addPki(program: Command, context: CliContext): void {
  const pki = program.command('pki').description('Certificate authorities, certificates and signing keys.');
  pki
    .command('init')
    .description('Makes what is missing of the tree; what is there is kept.')
    .addOption(dirOption())
    .option('--host <name>', 'name or address of broker and update server (repeatable)', collect)
    .option('--device <id>', 'device to make a certificate for (repeatable)', collect)
    .addOption(
      new Option('--chip <chip>', 'chip to make a firmware signing key for (repeatable)')
        .choices(chips)
        .argParser(collect),
    )
    .option('--json', 'print JSON')
    .action(async (options: PkiInitOptions) => {
      await (await import('../commands/pki-init.js')).pkiInit(context, options);
    });
  addPkiLifecycle(pki, context);
  addClaims(pki, context);
  addRollover(pki, context);
}

function addPkiLifecycle(pki: Command, context: CliContext): void {
  const command = (usage: string, description: string): Command =>
    pki.command(usage).description(description).addOption(dirOption()).option('--json', 'print JSON');
  command('issue [ids...]', 'Makes the pair of each device that has none; what is there is kept.')
    .option('--count <n>', 'make esp-00001, esp-00002, … up to this number', integerOption(1, 99_999))
    .option('--prefix <text>', 'what --count puts before the number (default: esp-)')
    .option('--from <file>', 'file of ids, one a line; - for standard input')
    .action(async (ids: string[], options: PkiIssueOptions) => {
      await (await import('../commands/pki-issue.js')).pkiIssue(context, ids, options);
    });
  command('sign-csr <file>', 'Certifies the key of a certificate request; its names are those given here.')
    .requiredOption('--name <name>', 'device id or operator to certify')
    .addOption(new Option('--role <role>', 'default: device').choices(CSR_ROLES))
    .option('--days <days>', 'to last so long (default: as the role’s do)', daysOption(36_500))
    .option('--out <file>', 'write the certificate here (default: print it)')
    .action(async (file: string, options: PkiSignCsrOptions) => {
      await (await import('../commands/pki-sign-csr.js')).pkiSignCsr(context, file, options);
    });
  command('list', 'Lists every certificate that was issued.')
    .addOption(new Option('--role <role>', 'of this role only').choices([...PKI_ROLES, 'ca']))
    .option('--name <name>', 'of this name only')
    .addOption(new Option('--state <state>', 'in this state only').choices(PKI_STATES))
    .option('--expiring <days>', 'whose holder will have none within this time, e.g. 30d', daysOption(36_500))
    .action(async (options: PkiListOptions) => {
      await (await import('../commands/pki-list.js')).pkiList(context, options);
    });
  command('show <name>', 'Shows the certificates of a name, or the one with a serial number.').action(
    async (name: string, options: PkiOptions) => {
      await (await import('../commands/pki-list.js')).pkiShow(context, name, options);
    },
  );
  command('revoke [name]', 'Revokes, for ever, all certificates of a name and writes the revocation list.')
    .option('--serial <serial>', 'revoke this one certificate instead')
    .addOption(new Option('--reason <reason>', 'default: unspecified').choices(PKI_REASONS))
    .action(async (name: string | undefined, options: PkiRevokeOptions) => {
      await (await import('../commands/pki-revoke.js')).pkiRevoke(context, name, options);
    });
  command('crl', 'Shows the revocation lists; issues those that have spent half of their time.')
    .option('--days <days>', 'issue both now, to last so long', daysOption(3650))
    .action(async (options: PkiCrlOptions) => {
      await (await import('../commands/pki-crl.js')).pkiCrl(context, options);
    });
  command('export <name>', 'Writes key, certificate and trusted CAs of a name to one file of mode 0600.')
    .addOption(new Option('--format <format>', 'one PEM bundle, or PKCS#12').choices(['pem', 'p12']).default('pem'))
    .requiredOption('--out <file>', 'where it goes')
    .option('--passphrase-file <file>', 'encrypt with the passphrase in it; - for standard input')
    .option(
      '--iterations <n>',
      'rounds against guessing; some readers want fewer (default: 600000)',
      integerOption(100_000, 10_000_000),
    )
    .option('--force', 'replace the file if it is there')
    .action(async (name: string, options: PkiExportOptions) => {
      await (await import('../commands/pki-export.js')).pkiExport(context, name, options);
    });
  command('keys', 'Shows the keys that sign firmware and releases, with their digests.').action(
    async (options: PkiOptions) => {
      await (await import('../commands/pki-keys.js')).pkiKeys(context, options);
    },
  );
  command('renew [names...]', 'Issues the certificates of devices, operator, broker or ota again, for the same keys.')
    .option('--expiring <days>', 'instead of names: whose holder will have none within this time', daysOption(36_500))
    .option('--old-root', 'instead of names: whose holder has none of the root that signs now')
    .option('--days <days>', 'to last so long (default: as the role’s do)', daysOption(36_500))
    .option('--revoke-old', 'revoke the old certificates')
    .option('--dangerously-replace-key', 'make new keys too and delete the old ones')
    .action(async (names: string[], options: PkiRenewOptions) => {
      await (await import('../commands/pki-renew.js')).pkiRenew(context, names, options);
    });
}
