import type { KeyObject } from 'node:crypto';
import type { Subject } from '../asn1/distinguished-name.js';
import type { San } from '../asn1/subject-alt-name.js';
import type { KeyAlgorithm } from '../keys/key-algorithm.js';
import type { Signer } from '../keys/signer.js';
import type { Pem } from '../pem.js';
import type { PkiStore } from '../stores/pki-store.js';
import type { CertificateInfo } from './certificate-info.js';
import type { Role } from './profiles.js';
import { pooledRandom, type RandomSource } from './serial-number.js';
import type { ValidityOptions } from './validity.js';

/** What a CA needs around it. */
export interface AuthorityContext {
  /** the roles this CA may issue; everything else is `ERR_PKI_ROLE` */
  roles: readonly Role[];
  /** remembers every certificate, and who owns a name */
  store: PkiStore;
  /** default: the system clock */
  now?: () => Date;
  /** default: `crypto.randomBytes`; used for serial numbers only */
  random?: RandomSource;
}

export interface CreateAuthorityOptions extends AuthorityContext, ValidityOptions {
  /** of the root certificate */
  subject: Subject & { CN: string };
  /** the key to certify; default: a new one of `keyAlgorithm` */
  signer?: Signer;
  /** default `ec-p256`; ignored with `signer` */
  keyAlgorithm?: KeyAlgorithm;
  /** how many further CAs a chain may hold below this one; default 0 */
  pathLength?: number;
}

export interface OpenAuthorityOptions extends AuthorityContext {
  /** of the CA */
  certificate: Pem;
  /** must hold the certificate's key: `ERR_PKI_KEY` */
  signer: Signer;
}

export interface IssueOptions extends ValidityOptions {
  /** decides key usage, default validity and which names are allowed */
  role: Role;
  /** the OU is set to the role; giving another one is an error */
  subject: Subject & { CN: string };
  /** required for `broker` and `ota`, refused for `device` and `operator` */
  san?: San;
  /** a public (or private) key to certify; default: a new key of `keyAlgorithm` */
  key?: KeyObject;
  /** default `ec-p256`; ignored with `key` */
  keyAlgorithm?: KeyAlgorithm;
}

/** How to answer a certificate request. What the request asks for counts for nothing, except where you say so. */
export interface IssueFromCsrOptions extends ValidityOptions {
  /** PKCS#10, PEM text or DER bytes */
  csr: Pem | Uint8Array;
  /** decides key usage, default validity and which names are allowed */
  role: Role;
  /** the subject to certify; `CN` is required here unless `takeCommonName` is set */
  subject?: Subject;
  /** take the CN of the request, after checking it by the rules of the role; default false */
  takeCommonName?: boolean;
  /** required for `broker` and `ota`, refused for `device` and `operator`; never taken from the request */
  san?: San;
}

/** A new certificate, read back and verified before it was given out. */
export interface Issued {
  readonly certificate: Pem;
  readonly info: CertificateInfo;
  /** PKCS#8, only when the CA made the key */
  readonly privateKey: Pem | undefined;
}

export const resolveContext = (context: AuthorityContext): Readonly<Required<AuthorityContext>> =>
  Object.freeze({
    roles: Object.freeze([...context.roles]),
    store: context.store,
    now: context.now ?? (() => new Date()),
    random: context.random ?? pooledRandom(),
  });
