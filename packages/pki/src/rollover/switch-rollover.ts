import { PkiError } from '../errors.js';
import { exists, moveFile } from '../files/atomic-file.js';
import {
  type AuthoritySpec,
  findAuthorityKey,
  openAuthority,
  retiredKeyPath,
  serverAuthority,
  waitingKeyPath,
} from '../tree/tree-authorities.js';
import type { TreeContext } from '../tree/tree-context.js';
import { readCredentials } from '../tree/tree-credentials.js';
import { type AuthorityFile, missingKey, readKeyFile } from '../tree/tree-files.js';
import { brokerParty, operatorParty, otaParty } from '../tree/tree-parties.js';
import { renewCredentials } from '../tree/tree-renewal.js';
import type { Rollover } from './roll-over.js';
import { stateOf } from './rollover-status.js';

/** The bundle with the new root first is the switch; then the keys go to where they belong. */
export async function switchRollover(
  { spec, context, read, write }: Rollover,
  spread: (file: AuthorityFile) => Promise<void>,
): Promise<void> {
  const file = await read();
  const [old, next] = file.roots;
  if (old === undefined || next === undefined) {
    const message = `there is no new root of ${spec.name} to switch to: run --prepare first`;
    throw new PkiError('ERR_PKI_ROLLOVER', message, { path: spec.certPath, field: 'phase' });
  }
  if (stateOf(file) === 'prepared') {
    if ((await findAuthorityKey(spec, next)) === undefined) {
      throw missingKey(waitingKeyPath(spec), spec.certPath, 'put the key of the new root back');
    }
    // both revocation lists, and the bundle with everybody, before anything is signed by the new root
    await spread(file);
    await write([next.pem, old.pem]);
  }
  await settleKeys(spec, await read(), context);
}

/**
 * Moves the old root's key out of the way and the new one's into its place. No key is ever written over: where one is
 * missing, because it is kept elsewhere or because a run was killed here, the rest goes on.
 */
export async function settleKeys(spec: AuthoritySpec, file: AuthorityFile, { writer }: TreeContext): Promise<void> {
  const [signing, other] = file.roots;
  const present = await readKeyFile(spec.keyPath);
  if (present && other?.x509.checkPrivateKey(present.keyObject)) {
    await moveKey(spec.keyPath, retiredKeyPath(spec), writer);
  }
  if (await exists(spec.keyPath)) return;
  const waiting = await readKeyFile(waitingKeyPath(spec));
  if (waiting && signing?.x509.checkPrivateKey(waiting.keyObject)) await moveKey(waiting.path, spec.keyPath, writer);
}

/** Under the lock of the tree nobody makes the target between the two calls. */
export async function moveKey(from: string, to: string, writer: TreeContext['writer']): Promise<void> {
  if (await exists(to)) {
    throw new PkiError('ERR_PKI_EXISTS', `${to} is in the way of ${from}: keep it elsewhere`, { path: to });
  }
  writer.announce(to);
  await moveFile(from, to);
}

/** Broker, OTA server and operator, for the keys they have; nobody who was revoked comes back by this. */
export async function reissueUnderNewRoot(file: AuthorityFile, context: TreeContext): Promise<void> {
  if (stateOf(file) !== 'switched') return;
  const { paths, store } = context;
  const issuer = { file, authority: openAuthority(serverAuthority(paths), file, context) };
  for (const party of [brokerParty(paths), otaParty(paths), operatorParty(paths)]) {
    const found = await readCredentials(party, file);
    if (!found || found.certificate.info.authorityKeyId === file.info.subjectKeyId) continue;
    if (await store.revocation(found.certificate.info.serial)) continue;
    await renewCredentials(party, issuer, context, {});
  }
}
