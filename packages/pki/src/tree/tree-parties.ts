import type { CredentialsSpec } from './tree-credentials.js';
import type { TreePaths } from './tree-paths.js';

/** Who has a certificate in a tree, as data. `commonName` undefined: the existing certificate decides. */
export const brokerParty = (paths: TreePaths): CredentialsSpec & { commonName: string } => ({
  role: 'broker',
  certPath: paths.brokerCert,
  keyPath: paths.brokerKey,
  caPath: paths.caCert,
  commonName: 'broker',
});

export const otaParty = (paths: TreePaths): CredentialsSpec & { commonName: string } => ({
  role: 'ota',
  certPath: paths.otaCert,
  keyPath: paths.otaKey,
  caPath: paths.caCert,
  commonName: 'ota',
});

export const operatorParty = (paths: TreePaths): CredentialsSpec => ({
  role: 'operator',
  certPath: paths.operatorCert,
  keyPath: paths.operatorKey,
  caPath: paths.caCert,
  commonName: undefined,
});

export const deviceParty = (paths: TreePaths, id: string): CredentialsSpec & { commonName: string } => {
  const files = paths.device(id);
  return { role: 'device', certPath: files.cert, keyPath: files.key, caPath: files.ca, commonName: id };
};
