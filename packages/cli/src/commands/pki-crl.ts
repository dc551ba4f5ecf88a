import { openPki } from '@secure-esp/pki';
import type { CliContext } from '../context.js';
import { pathOf } from '../files.js';
import { crlsToJson, printCrls, printJson, type PkiOptions } from './pki-format.js';

export interface PkiCrlOptions extends PkiOptions {
  readonly days?: number;
}

/** `secure-esp pki crl` */
export async function pkiCrl(context: CliContext, options: PkiCrlOptions): Promise<void> {
  const tree = await openPki(pathOf(context, options.dir));
  const { days } = options;
  const crls = await tree.refreshCrls(days === undefined ? {} : { days, when: 'always' });
  if (options.json === true) printJson(context, crlsToJson(context, crls));
  else printCrls(context, crls);
}
