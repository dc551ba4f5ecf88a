import { exportBundle, exportPkcs12, openPki, parseCertificate, writeSecretFile, type PkiTree } from '@secure-esp/pki';
import { stat } from 'node:fs/promises';
import { print, type CliContext } from '../context.js';
import { CliError } from '../errors.js';
import { pathOf } from '../files.js';
import { PASSPHRASE_HELP, readPassphrase } from '../passphrase.js';
import { isOfTree } from '../tree-files.js';
import { printJson, type PkiOptions } from './pki-format.js';

export type ExportFormat = 'pem' | 'p12';

export interface PkiExportOptions extends PkiOptions {
  readonly format: ExportFormat;
  readonly out: string;
  readonly passphraseFile?: string;
  readonly iterations?: number;
  readonly force?: true;
}

/** `secure-esp pki export`: a key with its certificate and the CAs that its holder trusts, in one file of mode 0600. */
export async function pkiExport(context: CliContext, name: string, options: PkiExportOptions): Promise<void> {
  const { format, out, force, iterations } = options;
  const path = pathOf(context, out);
  const tree = await openPki(pathOf(context, options.dir));
  // before a passphrase is asked for and half a second is spent on it
  await checkTarget(path, tree, options);
  const { key: privateKey, cert, ca } = await credentialsOf(tree, name);
  const passphrase = await readPassphrase(context, options.passphraseFile);
  if (format === 'p12' && passphrase === undefined) {
    throw new CliError('a PKCS#12 file needs a passphrase.', PASSPHRASE_HELP, 2);
  }
  const identity = { privateKey, chain: [cert], trusted: [ca], ...(iterations === undefined ? {} : { iterations }) };
  const content =
    format === 'p12'
      ? await exportPkcs12({ ...identity, passphrase: passphrase ?? '' })
      : await exportBundle({ ...identity, ...(passphrase === undefined ? {} : { passphrase }) });
  context.signal.throwIfAborted();
  await writeSecretFile(path, content, { existing: force === true ? 'replace' : 'refuse' });
  const { serial, notAfter, role } = parseCertificate(cert);
  const encrypted = passphrase !== undefined;
  if (options.json === true) printJson(context, { name, role, serial, notAfter, format, encrypted, out });
  else {
    const how = encrypted ? 'encrypted' : 'its key is not encrypted: whoever reads it is this ' + String(role);
    print(context, `made ${out}, ${serial}, until ${notAfter.toISOString()}; ${how}`);
  }
}

/** `--force` replaces what an earlier export made, never a file of the tree. */
async function checkTarget(path: string, tree: PkiTree, { out, force }: PkiExportOptions): Promise<void> {
  if (await isOfTree(path, tree.dir)) {
    throw new CliError(`"${out}" is in the certificate tree.`, 'Name another place with --out.', 2);
  }
  const there = await stat(path).catch(() => undefined);
  if (there !== undefined && force !== true) {
    throw new CliError(`"${out}" is there already.`, 'Name another file with --out, or replace it with --force.');
  }
}

/** The pair of a name that can still be used. */
async function credentialsOf(tree: PkiTree, name: string): Promise<{ key: string; cert: string; ca: string }> {
  const credentials = [tree.operator, tree.broker, tree.ota].find(({ cn }) => cn === name) ?? (await tree.device(name));
  await refuseUnusable(tree, name, credentials.cert);
  return credentials;
}

/** A certificate that is revoked or over is of no use to anybody. */
export async function refuseUnusable(tree: PkiTree, name: string, cert: string): Promise<void> {
  const { serial } = parseCertificate(cert);
  for await (const { state } of tree.inventory({ serial })) {
    if (state === 'good') continue;
    const nextStep =
      state === 'revoked'
        ? 'Make a new pair with `secure-esp pki renew NAME --dangerously-replace-key`.'
        : 'Issue it again with `secure-esp pki renew NAME`.';
    throw new CliError(`the certificate of "${name}" is ${state}.`, nextStep);
  }
}
