import type { InventoryEntry, TreeCrl, TreeCrls } from '@secure-esp/pki';
import { relative } from 'node:path';
import { print, type CliContext } from '../context.js';

export { printJson } from '../output.js';

/** What every `pki` command takes. */
export interface PkiOptions {
  readonly dir: string;
  readonly json?: true;
}

/** A certificate as `--json` shows it; the PEM text is left to `pki show`. */
export const entryToJson = (entry: InventoryEntry): object => ({
  name: entry.commonName,
  role: entry.role,
  state: entry.state,
  serial: entry.serial,
  notBefore: entry.notBefore,
  notAfter: entry.notAfter,
  issuerKeyId: entry.issuerKeyId,
  fingerprint256: entry.fingerprint256,
  ...(entry.revocation && { revocation: { reason: entry.revocation.reason, at: entry.revocation.at } }),
});

/** One line of `pki list`. */
export function entryToLine({ commonName, role, serial, state, notAfter }: InventoryEntry): string {
  const until = notAfter.toISOString().slice(0, 10);
  return `${state.padEnd(7)}  until ${until}  ${role.padEnd(8)}  ${commonName.padEnd(16)}  ${serial}`;
}

const present = ({ servers, devices }: TreeCrls): readonly TreeCrl[] =>
  [servers, devices].filter((list) => list !== undefined);

/** The revocation lists as `--json` shows them. */
export const crlsToJson = (context: CliContext, crls: TreeCrls): readonly object[] =>
  present(crls).map(({ path, info }) => ({
    path: relative(context.cwd, path),
    number: String(info.number),
    thisUpdate: info.thisUpdate,
    nextUpdate: info.nextUpdate,
    revoked: [...info.revoked.values()],
  }));

export function printCrls(context: CliContext, crls: TreeCrls): void {
  for (const { path, info } of present(crls)) {
    const until = info.nextUpdate.toISOString().slice(0, 10);
    print(
      context,
      `${relative(context.cwd, path)}: number ${info.number}, ${info.revoked.size} revoked, renew before ${until}`,
    );
  }
}
