import { createCertificateAuthority } from '../certificate/certificate-authority.js';
import { parseCertificatePem } from '../certificate/certificate-info.js';
import { PkiError } from '../errors.js';
import { generatePrivateKey, type PrivateKey, spkiOf } from '../keys/key-pair.js';
import { keySigner } from '../keys/signer.js';
import type { Pem } from '../pem.js';
import { type AuthoritySpec, waitingKeyPath } from '../tree/tree-authorities.js';
import type { TreeContext } from '../tree/tree-context.js';
import { type AuthorityFile, readKeyFile } from '../tree/tree-files.js';
import { nextRootName } from './generation.js';
import type { Rollover } from './roll-over.js';
import { stateOf, unfinishedPhase } from './rollover-status.js';

/** Key, then certificate, then the bundle in which the old root still comes first, and so signs. */
export async function prepareRollover({ spec, context, read, write }: Rollover): Promise<void> {
  const file = await read();
  const state = stateOf(file);
  if (state === 'prepared') return;
  const open = state === 'switched' ? 'finish' : await unfinishedPhase(spec, state);
  if (open !== undefined && open !== 'prepare') {
    const message = `the rollover of ${spec.name} before this one is not over: run --${open} first`;
    throw new PkiError('ERR_PKI_ROLLOVER', message, { path: spec.certPath, field: 'phase' });
  }
  const key = (await readKeyFile(waitingKeyPath(spec))) ?? (await createWaitingKey(spec, file, context));
  const root = (await knownRoot(key, context)) ?? (await createRoot(spec, file, { key, context }));
  await write([file.pem, root]);
}

async function createWaitingKey(
  spec: AuthoritySpec,
  { info }: AuthorityFile,
  { writer }: TreeContext,
): Promise<PrivateKey> {
  const key = await generatePrivateKey(info.keyAlgorithm);
  await writer.createSecret(waitingKeyPath(spec), key.pem);
  return key;
}

/** The certificate that a killed run has issued for the key, but not put into the bundle. */
async function knownRoot({ keyObject }: PrivateKey, { store, now }: TreeContext): Promise<Pem | undefined> {
  const spki = spkiOf(keyObject);
  for await (const { certificate, notAfter } of store.list({ role: 'ca' })) {
    if (notAfter > now() && parseCertificatePem(certificate).spki.equals(spki)) return certificate;
  }
  return undefined;
}

async function createRoot(
  { roles }: AuthoritySpec,
  old: AuthorityFile,
  { key, context }: { key: PrivateKey; context: TreeContext },
): Promise<Pem> {
  const { store, now } = context;
  const { ca } = await createCertificateAuthority({
    subject: { O: 'secure-esp', CN: nextRootName(old.info.subject.CN ?? '') },
    signer: keySigner(key.keyObject),
    roles,
    store,
    now,
  });
  return ca.certificate;
}
