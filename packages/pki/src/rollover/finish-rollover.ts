import { join } from 'node:path';
import { PkiError } from '../errors.js';
import { deleteFile, exists } from '../files/atomic-file.js';
import { listDirectory } from '../files/directory.js';
import { archiveOf, type AuthoritySpec, findAuthorityKey, retiredKeyPath } from '../tree/tree-authorities.js';
import type { TreeContext } from '../tree/tree-context.js';
import { type AuthorityFile, type CertificateFile, readCertificateFile, readKeyFile } from '../tree/tree-files.js';
import { generationOf } from './generation.js';
import type { Rollover } from './roll-over.js';
import { type RemainingCertificate, remainingCertificates, stateOf } from './rollover-status.js';
import { moveKey, settleKeys } from './switch-rollover.js';

/** Of the phase `finish`. */
export interface FinishOptions {
  /** revoke the certificates of the old root whose holder has a good one of the new root; default false: they refuse it */
  readonly revokeSuperseded?: boolean;
  /**
   * Go on although so many certificates of the old root, or fewer, are good and have no successor. They are revoked, and
   * their holders are refused for ever. Default 0.
   */
  readonly dangerouslyStrand?: number;
  /** keep the private key of the old root, beside its archived certificate, instead of deleting it; default false */
  readonly keepRetiredKey?: boolean;
}

/** @throws PkiError `ERR_PKI_OPTION` */
export function checkFinish({ dangerouslyStrand = 0 }: FinishOptions): void {
  if (Number.isInteger(dangerouslyStrand) && dangerouslyStrand >= 0) return;
  throw new PkiError('ERR_PKI_OPTION', 'dangerouslyStrand must be an integer from 0', { field: 'dangerouslyStrand' });
}

/** Revokes, archives, drops the old root from lists and bundle, and last deletes its key, so that the key marks a killed run. */
export async function finishRollover(
  { spec, context, read, write }: Rollover,
  options: FinishOptions,
  spread: (file: AuthorityFile) => Promise<void>,
): Promise<void> {
  let file = await read();
  const state = stateOf(file);
  const begun = generationOf(file.info.subject.CN ?? '').number > 1;
  if (state === 'prepared' || (state === 'none' && !begun)) {
    const first = state === 'prepared' ? 'switch' : 'prepare';
    const message = `there is no old root of ${spec.name} to drop: run --${first} first`;
    throw new PkiError('ERR_PKI_ROLLOVER', message, { path: spec.certPath, field: 'phase' });
  }
  const old = file.roots[1];
  if (old) {
    await settleKeys(spec, file, context);
    await spread(file);
    await revokeRemaining(file, options, context);
    // a last list of the old root, for whoever goes on trusting it
    if (await findAuthorityKey(spec, old)) await spread(file);
    await archive(spec, old, context);
    file = await write([file.pem]);
  }
  await spread(file);
  await removeRetiredKey(spec, options, context);
}

async function revokeRemaining(file: AuthorityFile, options: FinishOptions, context: TreeContext): Promise<void> {
  const { revokeSuperseded = false, dangerouslyStrand = 0 } = options;
  const remaining = await remainingCertificates(file, context);
  const stranded = remaining.filter(({ superseded }) => !(superseded && revokeSuperseded));
  if (stranded.length > dangerouslyStrand) throw notOver(file, stranded);
  for (const { serial, superseded } of remaining) {
    context.writer.step(`revoke ${serial}`);
    const reason = superseded ? 'superseded' : 'cessationOfOperation';
    await context.store.revoke(serial, { reason, at: context.now() });
  }
}

function notOver({ path }: AuthorityFile, remaining: readonly RemainingCertificate[]): PkiError {
  const first = remaining.find(({ superseded }) => !superseded) ?? remaining[0];
  const superseded = remaining.filter((entry) => entry.superseded).length;
  const count = remaining.length === 1 ? '1 good certificate' : `${remaining.length} good certificates`;
  const which = first ? `, first ${first.role} "${first.commonName}" (${first.serial}, until ${day(first)})` : '';
  const successors =
    superseded === 0 ? 'none has' : superseded === remaining.length ? 'all have' : `${superseded} have`;
  return new PkiError(
    'ERR_PKI_ROLLOVER',
    `${count} of the old root in ${path} would be refused${which}; ${successors} one of the new root`,
    { path },
  );
}

const day = ({ notAfter }: RemainingCertificate): string => notAfter.toISOString().slice(0, 10);

async function archive(spec: AuthoritySpec, old: CertificateFile, { writer }: TreeContext): Promise<void> {
  const path = join(archiveOf(spec), `${old.info.serial}.crt`);
  if (!(await exists(path))) await writer.writePublic(path, old.pem, 'secret');
}

/** Beside the certificate of the key; which one that is, only the key still says. */
async function archivedKeyPath(spec: AuthoritySpec, keyPath: string): Promise<string> {
  const directory = archiveOf(spec);
  const key = await readKeyFile(keyPath);
  for (const name of await listDirectory(directory)) {
    const certificate = name.endsWith('.crt') ? await readCertificateFile(join(directory, name)) : undefined;
    if (key && certificate?.x509.checkPrivateKey(key.keyObject)) return join(directory, name.replace(/crt$/, 'key'));
  }
  throw new PkiError('ERR_PKI_NOT_FOUND', `${directory} has no certificate of ${keyPath}`, { path: keyPath });
}

async function removeRetiredKey(spec: AuthoritySpec, options: FinishOptions, context: TreeContext): Promise<void> {
  const path = retiredKeyPath(spec);
  if (!(await exists(path))) return;
  if (options.keepRetiredKey === true) {
    await moveKey(path, await archivedKeyPath(spec, path), context.writer);
    return;
  }
  context.writer.announce(path);
  await deleteFile(path);
}
