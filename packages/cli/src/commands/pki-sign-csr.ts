import { openPki, type CsrRole } from '@secure-esp/pki';
import { access } from 'node:fs/promises';
import { print, type CliContext } from '../context.js';
import { CliError } from '../errors.js';
import { pathOf, readInput, writeOutput } from '../files.js';
import { printJson, type PkiOptions } from './pki-format.js';

export interface PkiSignCsrOptions extends PkiOptions {
  readonly name: string;
  readonly role?: CsrRole;
  readonly days?: number;
  readonly out?: string;
}

/** `secure-esp pki sign-csr` */
export async function pkiSignCsr(context: CliContext, file: string, options: PkiSignCsrOptions): Promise<void> {
  const { name, role, days, out } = options;
  if (out !== undefined && (await isThere(pathOf(context, out)))) {
    throw new CliError(`"${out}" is there already.`, 'Name another file with --out, or move it away.');
  }
  const csr = await readInput(context, file, 'certificate request');
  const text = new TextDecoder('latin1').decode(csr);
  const tree = await openPki(pathOf(context, options.dir));
  const { certificate, info } = await tree.signCsr({
    csr: text.startsWith('-----') ? text : csr,
    commonName: name,
    ...(role === undefined ? {} : { role }),
    ...(days === undefined ? {} : { days }),
  });
  if (out !== undefined) await writeOutput(pathOf(context, out), certificate);
  const { serial, notAfter } = info;
  if (options.json === true) {
    printJson(context, { name, role: info.role, serial, notAfter, ...(out === undefined ? { certificate } : { out }) });
  } else if (out === undefined) print(context, certificate.trimEnd());
  else print(context, `made ${out}, ${serial}, until ${notAfter.toISOString()}`);
}

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
