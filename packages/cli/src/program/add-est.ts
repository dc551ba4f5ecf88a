import { Option, type Command } from 'commander';
import type { PkiClaimOptions } from '../commands/est-claim.js';
import type { EstEnrollOptions, EstRenewOptions } from '../commands/est-enroll.js';
import type { EstServeOptions } from '../commands/est-serve.js';
import type { PkiOptions } from '../commands/pki-format.js';
import type { CliContext } from '../context.js';
import { requiredOrProject } from '../project/apply-project.js';
import { daysOption, dirOption, integerOption, portOption } from '../options.js';

/** When a device renews: with a third of its certificate's time left. */
export const RENEW_AT_PERCENT = 66;
export const percentOption = integerOption(0, 100);

/** `secure-esp est …` */
export function addEst(program: Command, context: CliContext): void {
  const est = program.command('est').description('Enrolment of devices over HTTPS (EST, RFC 7030).');
  est
    .command('serve')
    .description('Gives certificates to devices that show a claim, and new ones for old ones.')
    .addOption(dirOption())
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--port <port>', 'port to listen on', portOption, 8443)
    .option('--grace-port <port>', 'port where devices renew a certificate that is over (default: none)', portOption)
    .option('--days <days>', 'new certificates last so long (default: as a device’s do)', daysOption(36_500))
    .option('--revoke-replaced', 'revoke the old certificate of a device that renews with a new key')
    .option('--json', 'print JSON only, one object per line')
    .action(async (options: EstServeOptions) => {
      await (await import('../commands/est-serve.js')).estServe(context, options);
    });
  est
    .command('enroll <id>')
    .description('Gets a device’s first certificate into a folder, for a key that is made there.')
    .addOption(requiredOrProject(new Option('--url <url>', 'enrolment server, e.g. https://localhost:8443')))
    .requiredOption('--ca <file>', 'CA certificate of the server')
    .option('--claim-file <file>', 'holds the claim, see `pki claim --out`; - is standard input')
    .requiredOption('--out <dir>', 'folder for client.key, client.crt, ca.crt and device-ca.crt')
    .option('--json', 'print JSON')
    .action(async (id: string, options: EstEnrollOptions) => {
      await (await import('../commands/est-enroll.js')).estEnroll(context, id, options);
    });
  est
    .command('renew')
    .description('Renews the certificate in a folder of `est enroll` when it is time.')
    .requiredOption('--dir <dir>', 'folder of `est enroll`')
    .addOption(
      requiredOrProject(new Option('--url <url>', 'enrolment server, or its port for certificates that are over')),
    )
    .option('--at <percent>', 'of its time that must be spent; 0 renews now', percentOption, RENEW_AT_PERCENT)
    .option('--new-key', 'for a new key')
    .option('--json', 'print JSON')
    .action(async (options: EstRenewOptions) => {
      await (await import('../commands/est-enroll.js')).estRenew(context, options);
    });
}

/** `secure-esp pki claim`, `claims` and `unclaim` */
export function addClaims(pki: Command, context: CliContext): void {
  const command = (usage: string, description: string): Command =>
    pki.command(usage).description(description).addOption(dirOption()).option('--json', 'print JSON');
  command('claim <ids...>', 'Lets devices enrol over HTTPS, each once; takes the place of older claims.')
    .option('--expires <days>', 'to be used within this time, e.g. 7d (default: 7d)', daysOption(365))
    .option('--public-key <file>', 'admit this key (PEM) instead of a token; for one device')
    .option('--reprovision', 'also for devices that have a good certificate')
    .option('--out <file>', 'write the tokens to a new file that only you can read, instead of printing them')
    .action(async (ids: string[], options: PkiClaimOptions) => {
      await (await import('../commands/est-claim.js')).pkiClaim(context, ids, options);
    });
  command('claims', 'Lists the claims and what became of them.').action(async (options: PkiOptions) => {
    await (await import('../commands/est-claim.js')).pkiClaims(context, options);
  });
  command('unclaim <ids...>', 'Takes claims back; certificates stay.').action(
    async (ids: string[], options: PkiOptions) => {
      await (await import('../commands/est-claim.js')).pkiUnclaim(context, ids, options);
    },
  );
}
