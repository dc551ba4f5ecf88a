import { claimState, createClaims, FileClaimStore, openPki } from '@secure-esp/pki';
import { relative } from 'node:path';
import { print, type CliContext } from '../context.js';
import { CliError } from '../errors.js';
import { pathOf } from '../files.js';
import { readPem } from '../keys.js';
import { type ClaimInFile, createPrivateFile, readIfThere } from './est-files.js';
import { printJson, type PkiOptions } from './pki-format.js';

export interface PkiClaimOptions extends PkiOptions {
  readonly expires?: number;
  readonly publicKey?: string;
  readonly reprovision?: true;
  readonly out?: string;
}

/** `secure-esp pki claim` */
export async function pkiClaim(context: CliContext, ids: readonly string[], options: PkiClaimOptions): Promise<void> {
  const { expires: days, publicKey, out } = options;
  // before the older claims are gone, whose tokens it may hold
  if (out !== undefined && (await readIfThere(pathOf(context, out))) !== undefined) {
    throw new CliError(`"${out}" is there already.`, 'Name another file with --out, or move it away.');
  }
  const tree = await openPki(pathOf(context, options.dir));
  const created = await createClaims({
    deviceIds: ids,
    claims: new FileClaimStore(tree.paths.claimsDir),
    authority: tree,
    reprovision: options.reprovision === true,
    ...(days === undefined ? {} : { days }),
    ...(publicKey === undefined ? {} : { publicKey: await readPem(context, publicKey) }),
  });
  const lines = created.map(({ claim, token }): ClaimInFile => ({
    name: claim.deviceId,
    ...(token === undefined ? {} : { token }),
    expiresAt: claim.expiresAt.toISOString(),
  }));
  if (out !== undefined) {
    await createPrivateFile(pathOf(context, out), `${JSON.stringify(lines, undefined, 2)}\n`);
    if (options.json === true)
      printJson(context, { out, claims: lines.map(({ name, expiresAt }) => ({ name, expiresAt })) });
    else print(context, `made ${out} with ${lines.length} claim(s)`);
    return;
  }
  if (options.json === true) {
    printJson(context, lines);
    return;
  }
  for (const { name, token, expiresAt } of lines) {
    print(context, `${name}  until ${expiresAt.slice(0, 10)}  ${token ?? 'by its key'}`);
  }
  if (publicKey === undefined) print(context, 'The tokens are shown once: they are kept as hashes only.');
}

/** `secure-esp pki claims` */
export async function pkiClaims(context: CliContext, options: PkiOptions): Promise<void> {
  const { paths } = await openPki(pathOf(context, options.dir));
  const entries: object[] = [];
  for await (const claim of new FileClaimStore(paths.claimsDir).list()) {
    const { deviceId: name, createdAt, expiresAt, serial, tokenSha256 } = claim;
    const state = claimState(claim, new Date());
    const by = tokenSha256 === undefined ? 'key' : 'token';
    entries.push({ name, state, by, createdAt, expiresAt, ...(serial === undefined ? {} : { serial }) });
    if (options.json === true) continue;
    const until = expiresAt.toISOString().slice(0, 10);
    print(
      context,
      `${state.padEnd(7)}  until ${until}  by ${by.padEnd(5)}  ${name.padEnd(16)}  ${serial ?? ''}`.trimEnd(),
    );
  }
  if (options.json === true) printJson(context, entries);
  else if (entries.length === 0) print(context, `no claims in ${relative(context.cwd, paths.claimsDir)}`);
}

/** `secure-esp pki unclaim` */
export async function pkiUnclaim(context: CliContext, ids: readonly string[], options: PkiOptions): Promise<void> {
  const { paths } = await openPki(pathOf(context, options.dir));
  const claims = new FileClaimStore(paths.claimsDir);
  const removed: string[] = [];
  for (const id of new Set(ids)) {
    if (await claims.exclusive(id, () => claims.delete(id))) removed.push(id);
  }
  if (options.json === true) printJson(context, { removed });
  for (const id of options.json === true ? [] : removed) print(context, `took back the claim of ${id}`);
  const missing = ids.filter((id) => !removed.includes(id));
  if (missing.length > 0) {
    throw new CliError(
      `there is no claim of ${missing.join(', ')}.`,
      'See what there is with `secure-esp pki claims`.',
    );
  }
}
