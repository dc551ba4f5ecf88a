// the certificate tree in a folder: what most programs need
export { initPki } from './tree/init-pki.js';
export { openPki } from './tree/open-pki.js';
export type { InitPkiOptions } from './tree/init-options.js';
export type { OpenPkiOptions } from './tree/open-pki.js';
export type { PkiTree } from './tree/pki-tree.js';
export type { Credentials } from './tree/tree-credentials.js';
export type { DevicePaths, TreePaths } from './tree/tree-paths.js';
export type { PkiProgress } from './tree/tree-writer.js';

// certificate authorities
export { CertificateAuthority, createCertificateAuthority } from './certificate/certificate-authority.js';
export type {
  AuthorityContext,
  CreateAuthorityOptions,
  Issued,
  IssueOptions,
  OpenAuthorityOptions,
} from './certificate/authority-options.js';
export { LEAF_PROFILES, ROLES } from './certificate/profiles.js';
export type { LeafProfile, Role } from './certificate/profiles.js';
export type { Subject } from './asn1/distinguished-name.js';
export type { ExtendedKeyUsage, KeyUsage } from './asn1/extensions.js';
export type { CanonicalSan, San } from './asn1/subject-alt-name.js';
export type { RandomSource } from './certificate/serial-number.js';
export type { ValidityOptions } from './certificate/validity.js';

// reading certificates
export { parseCertificate } from './certificate/certificate-info.js';
export type { CertificateInfo, SerialHex } from './certificate/certificate-info.js';
export type { Pem } from './pem.js';

// keys
export { keySigner } from './keys/signer.js';
export type { Signer } from './keys/signer.js';
export { KEY_ALGORITHMS } from './keys/key-algorithm.js';
export type { KeyAlgorithm } from './keys/key-algorithm.js';
export { FIRMWARE_KEY_SCHEMES, generateFirmwareKey, schemeForChip } from './keys/firmware-key.js';
export type { FirmwareKeyScheme } from './keys/firmware-key.js';
export { generateReleaseKey, publicKeyId } from './keys/release-key.js';
export type { ReleaseKey } from './keys/release-key.js';

// records of what was issued
export { FilePkiStore } from './stores/file-pki-store.js';
export type { FilePkiStoreOptions } from './stores/file-pki-store.js';
export { MemoryPkiStore } from './stores/memory-pki-store.js';
export type { IssuedFilter, IssuedRecord, PkiStore } from './stores/pki-store.js';

// errors
export { isPkiError, PKI_ERROR_CODES, PkiError } from './errors.js';
export type { PkiErrorCode, PkiErrorOptions } from './errors.js';
