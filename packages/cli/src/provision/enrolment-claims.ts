import {
  type ClaimStore,
  claimState,
  createClaims,
  FileClaimStore,
  type PkiTree,
  parseCertificate,
} from '@secure-esp/pki';
import { createHash } from 'node:crypto';
import { readTokens } from '../commands/est-files.js';
import type { CliContext } from '../context.js';
import { CliError } from '../errors.js';
import { readInput } from '../files.js';
import type { ProvisionOptions } from './provision-settings.js';

/** The right of one device to get its first certificate. */
export interface EnrolmentClaim {
  readonly token: string;
  readonly expiresAt: Date;
}

export type ClaimsOf = ReadonlyMap<string, EnrolmentClaim>;

/** 256 bits in base64url, as `pki claim` makes them. */
const TOKEN_OF_THE_SAME_SIZE = 'x'.repeat(43);
const CERTIFICATES = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** Claims that work nowhere, to see whether everything fits before those are replaced that work. */
export const claimsToTry = (ids: readonly string[]): ClaimsOf =>
  new Map(ids.map((id) => [id, { token: TOKEN_OF_THE_SAME_SIZE, expiresAt: new Date(0) }]));

/** Those of `--claims`, or new ones in the store of the tree. */
export async function enrolmentClaims(
  context: CliContext,
  tree: PkiTree,
  ids: readonly string[],
  { claims: file, expires: days, reprovision }: ProvisionOptions,
): Promise<ClaimsOf> {
  const claims = new FileClaimStore(tree.paths.claimsDir);
  if (file !== undefined) return claimsOfFile(context, claims, ids, file);
  const created = await createClaims({
    deviceIds: ids,
    claims,
    authority: tree,
    reprovision: reprovision === true,
    ...(days === undefined ? {} : { days }),
  });
  return new Map(
    created.map(({ claim, token = '' }) => [claim.deviceId, { token, expiresAt: claim.expiresAt }] as const),
  );
}

/** What would only be found out when the device is in the field is found out here. */
async function claimsOfFile(
  context: CliContext,
  claims: ClaimStore,
  ids: readonly string[],
  file: string,
): Promise<ClaimsOf> {
  const tokens = await readTokens(context, file);
  const found = new Map<string, EnrolmentClaim>();
  for (const id of ids) {
    const token = tokens(id);
    const again = `Make one with \`secure-esp pki claim ${id} --out FILE\`.`;
    if (token === undefined) throw new CliError(`"${file}" has no token for ${id}.`, again);
    const claim = await claims.get(id);
    const hash = createHash('sha256').update(token).digest('hex');
    if (claim?.tokenSha256 !== hash || claimState(claim, new Date()) !== 'open')
      throw new CliError(`the claim of ${id} in "${file}" was replaced, used, or is over.`, again);
    found.set(id, { token, expiresAt: claim.expiresAt });
  }
  return found;
}

/** The CA that the enrolment server is certified by: of `--est-ca`, or that of the tree's servers. */
export async function estCaOf(context: CliContext, tree: PkiTree, file: string | undefined): Promise<string> {
  if (file === undefined) return tree.ca;
  const text = new TextDecoder().decode(await readInput(context, file, 'CA certificate'));
  const pems = text.match(CERTIFICATES) ?? [];
  for (const pem of pems) parseCertificate(pem);
  if (pems.length === 0) {
    throw new CliError(`"${file}" holds no certificate.`, 'Name a PEM file with the CA of the enrolment server.');
  }
  return `${pems.join('\n')}\n`;
}
