import type { RevocationReason } from '../stores/revocation.js';

/** DER tags in a CertificateList. */
export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  enumerated: 0x0a,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  explicit0: 0xa0,
} as const;

export const CRL_NUMBER_OID = '2.5.29.20';
export const REASON_CODE_OID = '2.5.29.21';

/** Content octets of the object identifiers, hex. */
export const OID_BYTES = { authorityKeyId: '551d23', crlNumber: '551d14', reasonCode: '551d15' } as const;

/** CRLReason of RFC 5280 5.3.1. */
export const REASON_CODES: Readonly<Record<RevocationReason, number>> = {
  unspecified: 0,
  keyCompromise: 1,
  affiliationChanged: 3,
  superseded: 4,
  cessationOfOperation: 5,
  privilegeWithdrawn: 9,
};
