import { openPki, parseCertificate } from '@secure-esp/pki';
import { relative } from 'node:path';
import { print, type CliContext } from '../context.js';
import { pathOf } from '../files.js';
import { printJson, type PkiOptions } from './pki-format.js';

/** `secure-esp pki issue` */
export async function pkiIssue(context: CliContext, ids: readonly string[], options: PkiOptions): Promise<void> {
  const tree = await openPki(pathOf(context, options.dir));
  const before = new Set(await tree.devices());
  const made: object[] = [];
  for (const id of new Set(ids)) {
    context.signal.throwIfAborted();
    const { certPath, keyPath, cert } = await tree.issueDevice(id);
    const { serial, notAfter } = parseCertificate(cert);
    const issued = !before.has(id);
    made.push({
      name: id,
      issued,
      serial,
      notAfter,
      certificate: relative(context.cwd, certPath),
      key: relative(context.cwd, keyPath),
    });
    if (options.json === true) continue;
    const where = relative(context.cwd, certPath);
    print(context, issued ? `made ${where}, ${serial}` : `${where} was there; nothing was changed`);
  }
  if (options.json === true) printJson(context, made);
}
