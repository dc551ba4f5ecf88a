import { openPki, type CertificateState, type InventoryEntry, type InventoryFilter, type Role } from '@secure-esp/pki';
import { print, type CliContext } from '../context.js';
import { CliError } from '../errors.js';
import { pathOf } from '../files.js';
import { entryToJson, entryToLine, printJson, type PkiOptions } from './pki-format.js';

export interface PkiListOptions extends PkiOptions {
  readonly role?: Role | 'ca';
  readonly name?: string;
  readonly state?: CertificateState;
  /** days */
  readonly expiring?: number;
}

/** `secure-esp pki list` */
export async function pkiList(context: CliContext, options: PkiListOptions): Promise<void> {
  const { role, name, state, expiring } = options;
  const entries = await collect(context, options.dir, {
    ...(role === undefined ? {} : { role }),
    ...(name === undefined ? {} : { commonName: name }),
    ...(state === undefined ? {} : { state }),
    ...(expiring === undefined ? {} : { expiringWithinDays: expiring }),
  });
  entries.sort((a, b) => a.role.localeCompare(b.role) || a.commonName.localeCompare(b.commonName));
  if (options.json === true) {
    printJson(context, entries.map(entryToJson));
    return;
  }
  for (const entry of entries) print(context, entryToLine(entry));
  if (entries.length === 0) print(context, 'no certificate matches');
  else if (expiring !== undefined) print(context, 'Renew them with `secure-esp pki renew NAME...`.');
}

/** `secure-esp pki show` */
export async function pkiShow(context: CliContext, nameOrSerial: string, options: PkiOptions): Promise<void> {
  let entries = await collect(context, options.dir, { commonName: nameOrSerial });
  if (entries.length === 0) entries = await collect(context, options.dir, { serial: nameOrSerial.toUpperCase() });
  if (entries.length === 0) {
    throw new CliError(
      `no certificate with the name or serial number "${nameOrSerial}" was issued here.`,
      'See them all with `secure-esp pki list`.',
    );
  }
  if (options.json === true) {
    printJson(
      context,
      entries.map((entry) => ({ ...entryToJson(entry), certificate: entry.certificate })),
    );
    return;
  }
  for (const entry of entries) {
    const { revocation } = entry;
    const facts: [string, string][] = [
      ['serial', entry.serial],
      ['name', entry.commonName],
      ['role', entry.role],
      ['state', revocation ? `revoked at ${revocation.at.toISOString()}: ${revocation.reason}` : entry.state],
      ['valid', `${entry.notBefore.toISOString()} to ${entry.notAfter.toISOString()}`],
      ['issuer key id', entry.issuerKeyId],
      ['SHA-256', entry.fingerprint256],
    ];
    for (const [fact, value] of facts) print(context, `${fact.padEnd(14)} ${value}`);
    print(context, entry.certificate);
  }
}

async function collect(context: CliContext, dir: string, filter: InventoryFilter): Promise<InventoryEntry[]> {
  const tree = await openPki(pathOf(context, dir));
  const entries: InventoryEntry[] = [];
  for await (const entry of tree.inventory(filter)) entries.push(entry);
  return entries;
}
