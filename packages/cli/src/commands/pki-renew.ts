import { openPki, parseCertificate } from '@secure-esp/pki';
import { relative } from 'node:path';
import { print, type CliContext } from '../context.js';
import { pathOf } from '../files.js';
import { printJson, type PkiOptions } from './pki-format.js';
import { checkSelection, namesToRenew, type RenewSelection } from './pki-renew-names.js';

export interface PkiRenewOptions extends PkiOptions, RenewSelection {
  readonly days?: number;
  readonly dangerouslyReplaceKey?: true;
  readonly revokeOld?: true;
}

/** `secure-esp pki renew` */
export async function pkiRenew(context: CliContext, names: readonly string[], options: PkiRenewOptions): Promise<void> {
  checkSelection(names, options);
  const tree = await openPki(pathOf(context, options.dir));
  const { here, elsewhere } = await namesToRenew(tree, names, options);
  const renewed: object[] = [];
  for (const name of here) {
    context.signal.throwIfAborted();
    const { cert, certPath } = await tree.renew(name, {
      dangerouslyReplaceKey: options.dangerouslyReplaceKey === true,
      revokeOld: options.revokeOld === true,
      ...(options.days === undefined ? {} : { days: options.days }),
    });
    const { serial, notAfter } = parseCertificate(cert);
    const certificate = relative(context.cwd, certPath);
    renewed.push({ name, serial, notAfter, certificate });
    if (options.json !== true) print(context, `renewed ${certificate}, ${serial}, until ${notAfter.toISOString()}`);
  }
  if (options.json === true) {
    printJson(context, renewed);
    return;
  }
  for (const name of elsewhere) {
    print(context, `not renewed: ${name}, whose key is elsewhere (\`est renew\` there, or \`pki sign-csr\`)`);
  }
  if (here.length === 0) {
    print(context, 'nothing is to be renewed here');
    return;
  }
  const old = options.revokeOld === true ? 'are revoked' : 'stay good until their end unless revoked';
  print(context, `Install them where they are used; the old ones ${old}.`);
}
