import { relative } from 'node:path';
import { print, type CliContext } from '../context.js';
import { CliError } from '../errors.js';
import { pathOf, readInput } from '../files.js';
import { enrolInto, type Identity, identityFiles, readIdentity, renewIn } from './est-identity.js';
import { readToken } from './est-files.js';
import { printJson } from './pki-format.js';

export interface EstEnrollOptions {
  readonly url: string;
  readonly ca: string;
  readonly claimFile?: string;
  readonly out: string;
  readonly json?: true;
}

/** `secure-esp est enroll` */
export async function estEnroll(context: CliContext, deviceId: string, options: EstEnrollOptions): Promise<void> {
  const { url, claimFile } = options;
  const dir = pathOf(context, options.out);
  const found = await readIdentity(dir);
  if (found !== undefined && found.info.subject.CN !== deviceId) {
    throw new CliError(
      `"${options.out}" belongs to ${found.info.subject.CN ?? 'another device'}.`,
      'Name another --out.',
    );
  }
  const identity = found ?? (await enrol());
  report(context, dir, identity, found === undefined, options.json);

  async function enrol(): Promise<Identity> {
    const ca = new TextDecoder().decode(await readInput(context, options.ca, 'CA certificate'));
    const token = claimFile === undefined ? undefined : await readToken(context, claimFile, deviceId);
    return enrolInto(dir, { url, ca, deviceId, token, signal: context.signal });
  }
}

export interface EstRenewOptions {
  readonly dir: string;
  readonly url: string;
  readonly at: number;
  readonly newKey?: true;
  readonly json?: true;
}

/** `secure-esp est renew` */
export async function estRenew(context: CliContext, options: EstRenewOptions): Promise<void> {
  const dir = pathOf(context, options.dir);
  const found = await readIdentity(dir);
  if (found === undefined) {
    throw new CliError(
      `there is no certificate in "${options.dir}".`,
      'Get the first one with `secure-esp est enroll`.',
    );
  }
  const { identity, renewed } = await renewIn(dir, found, {
    url: options.url,
    atPercent: options.at,
    newKey: options.newKey === true,
    signal: context.signal,
  });
  report(context, dir, identity, renewed, options.json);
}

function report(context: CliContext, dir: string, { info }: Identity, changed: boolean, json: true | undefined): void {
  const { cert, key } = identityFiles(dir);
  const certificate = relative(context.cwd, cert);
  const { serial, notAfter } = info;
  const name = info.subject.CN;
  if (json === true)
    printJson(context, { name, changed, serial, notAfter, certificate, key: relative(context.cwd, key) });
  else if (changed) print(context, `made ${certificate}, ${serial}, until ${notAfter.toISOString()}`);
  else print(context, `${certificate} is good until ${notAfter.toISOString()}; nothing was changed`);
}
