import type { CertificateState, CsrRole, RevocationReason, Role } from '@secure-esp/pki';

// The same as the lists of @secure-esp/pki (a test compares them), which is not loaded for --help.
export const PKI_ROLES: readonly Role[] = ['device', 'operator', 'broker', 'ota'];
export const CSR_ROLES: readonly CsrRole[] = ['device', 'operator'];
export const PKI_STATES: readonly CertificateState[] = ['good', 'revoked', 'expired'];
export const PKI_REASONS: readonly RevocationReason[] = [
  'unspecified',
  'keyCompromise',
  'affiliationChanged',
  'superseded',
  'cessationOfOperation',
  'privilegeWithdrawn',
];
