// the certificate tree in a folder: what most programs need
export { initPki } from './tree/init-pki.js';
export { openPki } from './tree/open-pki.js';
export type { InitPkiOptions } from './tree/init-options.js';
export type { OpenPkiOptions } from './tree/open-pki.js';
export type { PkiTree } from './tree/pki-tree.js';
export { TREE_PARTS } from './tree/tree-parts.js';
export type { PkiTreeOf, TreePart, TreePartValues } from './tree/tree-parts.js';
export type { Credentials } from './tree/tree-credentials.js';
export type { DevicePaths, TreePaths } from './tree/tree-paths.js';
export type { RefreshCrlsOptions, RootCrl, TreeCrl, TreeCrls } from './tree/tree-crls.js';
export type { RevokeReport } from './tree/tree-lifecycle.js';
export type { RenewOptions } from './tree/tree-renewal.js';
export { CSR_ROLES } from './tree/tree-csr.js';
export type { CsrRole, SignCsrOptions } from './tree/tree-csr.js';
export type { PkiProgress } from './tree/tree-writer.js';
export type {
  BatchDevice,
  DeviceBatchProgress,
  DeviceBatchReport,
  DeviceBatchState,
  IssueDevicesOptions,
} from './batch/batch-options.js';

// replacing a CA by a new root
export { AUTHORITY_NAMES } from './tree/tree-authorities.js';
export type { AuthorityName } from './tree/tree-authorities.js';
export { ROLLOVER_PHASES } from './rollover/rollover-status.js';
export type {
  RemainingCertificate,
  RolloverPhase,
  RolloverState,
  RolloverStatus,
  RootSummary,
} from './rollover/rollover-status.js';
export type { RolloverOptions, RolloverReport } from './rollover/roll-over.js';
export type { FinishOptions } from './rollover/finish-rollover.js';

// taking over the tree of the older shell script
export { adoptPki } from './adopt/adopt-pki.js';
export type { AdoptPkiOptions } from './adopt/adopt-pki.js';
export type { AdoptedHolder, AdoptOptions, AdoptReport } from './adopt/adopt-ca.js';
export type { AdoptedCa } from './adopt/adopted-ca.js';

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

// what is handed to the holder of a certificate
export { exportBundle } from './export/pem-bundle.js';
export type { ExportBundleOptions } from './export/pem-bundle.js';
export { exportPkcs12 } from './export/pkcs12.js';
export type { ExportPkcs12Options } from './export/pkcs12.js';
export type { IdentityOptions } from './export/identity.js';
export { writeSecretFile } from './export/secret-file.js';
export type { WriteSecretFileOptions } from './export/secret-file.js';

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

// enrolment over HTTPS (EST)
export { createEstGraceHandler, createEstHandler } from './est/handler/est-handler.js';
export type { EstHandler } from './est/handler/est-handler.js';
export type { EstCommonOptions, EstGraceHandlerOptions, EstHandlerOptions } from './est/handler/est-options.js';
export type { EstAuthority } from './est/handler/est-authority.js';
export type { EstEvent, EstEventListener } from './est/handler/est-event.js';
export { EST_PROBLEMS } from './est/http/problem.js';
export type { EstProblemCode } from './est/http/problem.js';
export type { EstPeer, EstReply, EstRequest } from './est/http/est-exchange.js';
export { toEstListener } from './est/node/est-listener.js';
export type { EstListener, EstListenerOptions } from './est/node/est-listener.js';
export { createEstServer } from './est/node/est-server.js';
export type { EstServer, EstServerOptions } from './est/node/est-server.js';
export type { EstPortLimits } from './est/node/est-port.js';
export { createClaims } from './est/claims/create-claims.js';
export type { CreateClaimsOptions, CreatedClaim } from './est/claims/create-claims.js';
export { CLAIM_STATES, claimState } from './est/claims/claim.js';
export type { Claim, ClaimState } from './est/claims/claim.js';
export type { ClaimStore } from './est/claims/claim-store.js';
export { FileClaimStore } from './est/claims/file-claim-store.js';
export type { FileClaimStoreOptions } from './est/claims/file-claim-store.js';
export { MemoryClaimStore } from './est/claims/memory-claim-store.js';
export { enrollOverEst, fetchEstCaCerts, reenrollOverEst } from './est/client/est-client.js';
export type { EnrolledDevice, EnrollOverEstOptions, ReenrollOverEstOptions } from './est/client/est-client.js';
export type { EstConnection } from './est/client/est-request.js';
export { isRenewalDue } from './est/client/renewal-due.js';

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
