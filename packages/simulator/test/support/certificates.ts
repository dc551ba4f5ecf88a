import { createPrivateKey } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import {
  CertificateAuthority,
  keySigner,
  MemoryPkiStore,
  type Credentials,
  type ValidityOptions,
} from '@secure-esp/pki';
import type { TestPki } from './pki.js';

/** A server's pair that the tree's own CA has signed, for a name and a time of choice. */
export const serverPair = async (
  { tree }: TestPki,
  dns: string,
  validity: ValidityOptions = {},
): Promise<Pick<Credentials, 'cert' | 'key'>> => {
  const ca = CertificateAuthority.open({
    certificate: tree.ca,
    signer: keySigner(createPrivateKey(await readFile(tree.paths.caKey, 'utf8'))),
    roles: ['ota'],
    store: new MemoryPkiStore(),
  });
  const { certificate, privateKey } = await ca.issue({
    role: 'ota',
    subject: { CN: 'update-server' },
    san: { dns: [dns] },
    ...validity,
  });
  return { cert: certificate, key: privateKey ?? '' };
};
