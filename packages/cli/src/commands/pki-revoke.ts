import { openPki, type RevocationReason } from '@secure-esp/pki';
import { print, type CliContext } from '../context.js';
import { CliError } from '../errors.js';
import { pathOf } from '../files.js';
import { crlsToJson, printCrls, printJson, type PkiOptions } from './pki-format.js';

export interface PkiRevokeOptions extends PkiOptions {
  readonly serial?: string;
  readonly reason?: RevocationReason;
}

/** `secure-esp pki revoke` */
export async function pkiRevoke(
  context: CliContext,
  name: string | undefined,
  options: PkiRevokeOptions,
): Promise<void> {
  const { serial, reason } = options;
  if ((name === undefined) === (serial === undefined)) {
    throw new CliError('give a name or --serial, one of the two.', 'Run with --help for what it takes.', 2);
  }
  const tree = await openPki(pathOf(context, options.dir));
  const target = serial === undefined ? { commonName: name ?? '' } : { serial: serial.toUpperCase() };
  const { revoked, crls } = await tree.revoke(target, reason === undefined ? {} : { reason });
  if (options.json === true) {
    printJson(context, { revoked, lists: crlsToJson(context, crls) });
    return;
  }
  for (const one of revoked) print(context, `revoked ${one.serial}: ${one.reason}, since ${one.at.toISOString()}`);
  printCrls(context, crls);
  print(context, '`secure-esp broker run` follows by itself; other servers have to load the list again.');
}
