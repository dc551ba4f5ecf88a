import { adoptPki, isPkiError, openPki, parseCertificate, type AdoptReport } from '@secure-esp/pki';
import { relative } from 'node:path';
import { print, type CliContext } from '../context.js';
import { CliError } from '../errors.js';
import { pathOf } from '../files.js';
import { printJson, type PkiOptions } from './pki-format.js';

export interface PkiAdoptOptions extends PkiOptions {
  readonly until?: Date;
  readonly end?: true;
  readonly keepSigningKey?: true;
  readonly host?: readonly string[];
  readonly device?: readonly string[];
}

/** `secure-esp pki adopt` */
export async function pkiAdopt(context: CliContext, from: string | undefined, options: PkiAdoptOptions): Promise<void> {
  if (options.end === true) {
    if (from !== undefined) throw new CliError('--end takes no folder.', 'It ends the one adoption there is.');
    await endAdoption(context, options);
    return;
  }
  if (from === undefined) {
    throw new CliError('which tree is to be adopted?', 'Name the folder that has `ca/certs/ca.crt` in it, or `--end`.');
  }
  const { until, keepSigningKey, host, device } = options;
  const adopting = adoptPki({
    dir: pathOf(context, options.dir),
    from: pathOf(context, from),
    signal: context.signal,
    ...(until && { until }),
    ...(keepSigningKey && { keepSigningKey }),
    ...(host && { hosts: host }),
    ...(device && { devices: device }),
  });
  const { report } = await adopting.catch(explainKeys);
  const warning = warningOf(report);
  if (options.json === true) {
    const { ca, operators, signingKey } = report;
    const { until: end, serial, fingerprint256 } = ca;
    printJson(context, { until: end, ca: { serial, fingerprint256 }, operators, signingKey, warning });
    return;
  }
  for (const { path, commonName, notAfter } of report.operators) {
    print(
      context,
      `operator until the end: ${relative(context.cwd, path)} (${commonName}, valid until ${day(notAfter)})`,
    );
  }
  print(context, SIGNING_KEY[report.signingKey]);
  print(context, `WARNING: ${warning}`);
  print(context, 'Give its holders certificates of this tree, then `secure-esp pki adopt --end`.');
}

function explainKeys(error: unknown): never {
  if (!isPkiError(error) || error.field !== 'keepSigningKey') throw error;
  const nextStep = 'Keep ours with `--keep-signing-key`; or move it away, if no device trusts it yet, to take theirs.';
  throw new CliError(`${error.message}.`, nextStep, 1, { cause: error });
}

async function endAdoption(context: CliContext, options: PkiAdoptOptions): Promise<void> {
  const tree = await openPki(pathOf(context, options.dir));
  const ended = await tree.endAdoption();
  if (options.json === true) printJson(context, { ended });
  else print(context, ended ? 'the adopted CA is not trusted any more' : 'no CA was adopted; nothing was changed');
}

const day = (date: Date): string => date.toISOString().slice(0, 10);

const SIGNING_KEY: Readonly<Record<AdoptReport['signingKey'], string>> = {
  taken: 'took over its firmware signing key (secure_boot_signing_key.pem)',
  same: 'its firmware signing key is the one of this tree',
  none: 'it has no firmware signing key (secure_boot_signing_key.pem)',
  kept_ours: 'its firmware signing key was left where it is: devices that trust it refuse images signed by this tree',
};

function warningOf({ ca }: AdoptReport): string {
  const { CN = '' } = parseCertificate(ca.certificate).subject;
  return (
    `until ${ca.until.toISOString()} whoever has the key of any certificate of the CA "${CN}" can do all that an operator ` +
    'can, on the operators’ listener: those certificates do not say what they are for, so the ones of its devices and ' +
    'servers count too, and none can be revoked alone.'
  );
}
