// the certificate tree in a folder: what most programs need
export { initPki } from './tree/init-pki.js';
export { openPki } from './tree/open-pki.js';
export type { InitPkiOptions } from './tree/init-options.js';
export type { OpenPkiOptions } from './tree/open-pki.js';
export type { PkiTree } from './tree/pki-tree.js';
export type { Credentials } from './tree/tree-credentials.js';
export type { DevicePaths, TreePaths } from './tree/tree-paths.js';
export type { RefreshCrlsOptions, TreeCrl, TreeCrls } from './tree/tree-crls.js';
export type { RevokeReport } from './tree/tree-lifecycle.js';
export type { RenewOptions } from './tree/tree-renewal.js';
export { CSR_ROLES } from './tree/tree-csr.js';
export type { CsrRole, SignCsrOptions } from './tree/tree-csr.js';
export type { PkiProgress } from './tree/tree-writer.js';

// certificate authorities
export { CertificateAuthority, createCertificateAuthority } from './certificate/certificate-authority.js';
export type {
  AuthorityContext,
  CreateAuthorityOptions,
  Issued,
  IssueFromCsrOptions,
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

// certificate requests
export { createCsr } from './csr/create-csr.js';
export type { CreateCsrOptions } from './csr/create-csr.js';
export { MAX_CSR_BYTES, parseCsr } from './csr/csr-info.js';
export type { CsrInfo } from './csr/csr-info.js';
export { CSR_SIGNATURE_ALGORITHMS } from './csr/csr-signature.js';
export type { CsrSignatureAlgorithm } from './csr/csr-signature.js';
export type { CsrField } from './csr/csr-error.js';
export type { RequestedSan } from './csr/requested-extensions.js';

// keys
export { generatePrivateKey } from './keys/key-pair.js';
export type { PrivateKey, PrivateKeyEncoding } from './keys/key-pair.js';
export { decryptPrivateKey, encryptPrivateKey } from './keys/encrypted-key.js';
export type { EncryptPrivateKeyOptions } from './keys/encrypted-key.js';
export { keySigner } from './keys/signer.js';
export type { Signer } from './keys/signer.js';
export { KEY_ALGORITHMS } from './keys/key-algorithm.js';
export type { KeyAlgorithm } from './keys/key-algorithm.js';
export { FIRMWARE_KEY_SCHEMES, generateFirmwareKey, schemeForChip } from './keys/firmware-key.js';
export type { FirmwareKeyScheme } from './keys/firmware-key.js';
export { generateReleaseKey, publicKeyId } from './keys/release-key.js';
export type { ReleaseKey } from './keys/release-key.js';

// revocation lists
export { issueCrl } from './crl/issue-crl.js';
export type { IssueCrlOptions, IssuedCrl } from './crl/issue-crl.js';
export { parseCrl } from './crl/parse-crl.js';
export type { CrlInfo } from './crl/parse-crl.js';
export { verifyCrl } from './crl/verify-crl.js';

// the life of a certificate
export { listInventory } from './lifecycle/inventory.js';
export type { InventoryEntry, InventoryFilter } from './lifecycle/inventory.js';
export type { RevokeOptions, RevokeTarget } from './lifecycle/revoke.js';

// records of what was issued
export { FilePkiStore } from './stores/file-pki-store.js';
export type { FilePkiStoreOptions } from './stores/file-pki-store.js';
export { MemoryPkiStore } from './stores/memory-pki-store.js';
export type { IssuedFilter, IssuedRecord, PkiStore } from './stores/pki-store.js';
export { CERTIFICATE_STATES, REVOCATION_REASONS } from './stores/revocation.js';
export type { CertificateState, CrlRecord, Revocation, RevocationReason } from './stores/revocation.js';

// errors
export { isPkiError, PKI_ERROR_CODES, PkiError } from './errors.js';
export type { PkiErrorCode, PkiErrorOptions } from './errors.js';
