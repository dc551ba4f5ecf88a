import { nameDer } from '../asn1/distinguished-name.js';
import { basicConstraints, extensionsDer, keyUsage, subjectKeyIdentifierDer } from '../asn1/extensions.js';
import { canonicalSan } from '../asn1/subject-alt-name.js';
import { certifiedSubject } from '../csr/certified-subject.js';
import { csrError } from '../csr/csr-error.js';
import { parseCsr } from '../csr/csr-info.js';
import { PkiError } from '../errors.js';
import type { KeyAlgorithm } from '../keys/key-algorithm.js';
import { generatePair, generatePrivateKey } from '../keys/key-pair.js';
import { parsePublicKeyInfo, publicKeyInfo } from '../keys/public-key-info.js';
import { keySigner, type Signer } from '../keys/signer.js';
import type { Pem } from '../pem.js';
import { checkCurrent, checkIsAuthority } from './authority-checks.js';
import {
  type AuthorityContext,
  type CreateAuthorityOptions,
  type Issued,
  type IssueFromCsrOptions,
  type IssueOptions,
  type OpenAuthorityOptions,
  resolveContext,
} from './authority-options.js';
import { keyIdentifier } from './certificate-builder.js';
import { type CertificateInfo, type ParsedCertificate, parseCertificatePem } from './certificate-info.js';
import { issueCertificate } from './issue-certificate.js';
import { type LeafFields, LeafTemplate } from './leaf-template.js';
import { CA_DAYS, CA_KEY_USAGE, checkCommonName, type LeafProfile, profileOf } from './profiles.js';
import { resolveValidity } from './validity.js';
import { readBack } from './verify-issued.js';

/**
 * A certificate authority: decides what goes into a certificate and has a {@link Signer} sign it. Leaf certificates
 * follow the profile of their role; nothing else can be issued.
 */
export class CertificateAuthority {
  readonly certificate: Pem;
  readonly info: CertificateInfo;
  readonly #parsed: ParsedCertificate;
  readonly #template: LeafTemplate;
  readonly #signer: Signer;
  readonly #context: Readonly<Required<AuthorityContext>>;

  private constructor(certificate: Pem, signer: Signer, context: AuthorityContext) {
    this.#parsed = parseCertificatePem(certificate);
    this.certificate = certificate;
    this.info = this.#parsed.info;
    this.#template = new LeafTemplate(this.info, checkIsAuthority(this.info));
    this.#signer = signer;
    this.#context = resolveContext(context);
    if (!signer.spki.equals(this.#parsed.spki)) {
      throw new PkiError('ERR_PKI_KEY', 'the private key does not belong to the CA certificate');
    }
  }

  /**
   * Opens a CA from its certificate and signer.
   *
   * @throws PkiError `ERR_PKI_PEM`, `ERR_PKI_CERTIFICATE`, `ERR_PKI_NOT_CA`, `ERR_PKI_KEY`
   */
  static open(options: OpenAuthorityOptions): CertificateAuthority {
    return new CertificateAuthority(options.certificate, options.signer, options);
  }

  /**
   * Issues a leaf certificate: validates, makes a key if none is given, claims the name, signs, reads the result back
   * with OpenSSL, records it, and only then returns it. Default validity: `LEAF_PROFILES[role].days`, cut to the CA's
   * own end; an explicit end beyond that is refused.
   *
   * @throws PkiError `ERR_PKI_ROLE`, `ERR_PKI_NAME`, `ERR_PKI_SAN`, `ERR_PKI_VALIDITY`, `ERR_PKI_KEY`,
   *   `ERR_PKI_EXPIRED` (the CA), `ERR_PKI_SIGNER`, `ERR_PKI_STORE`, `ERR_PKI_IO`
   */
  async issue(options: IssueOptions): Promise<Issued> {
    const { store, random, now: clock } = this.#context;
    const profile = this.#checkRequest(options);
    const subject = { ...options.subject, OU: options.role };
    const encodedSubject = nameDer(subject);
    const san = options.san && canonicalSan(options.san);
    const now = clock();
    checkCurrent(this.info, now, 'the CA certificate');
    const validity = resolveValidity(options, { now, days: profile.days, issuer: this.info });
    const { algorithm, spki, privateKey } = await subjectKey(options);
    const fields: LeafFields = {
      role: options.role,
      subject,
      san,
      keyAlgorithm: algorithm,
      keyId: keyIdentifier(spki),
    };
    await store.claimName(options.subject.CN, options.role);
    const issued = await issueCertificate(
      {
        issuer: this.#parsed.subjectDer,
        subject: encodedSubject,
        validity,
        spki,
        extensions: this.#template.extensions(fields),
      },
      {
        signer: this.#signer,
        issuer: { publicKey: this.#parsed.publicKey, algorithm: this.info.keyAlgorithm },
        store,
        random,
        describe: (der, content) => this.#template.describe(der, content, fields),
      },
    );
    return { ...issued, privateKey };
  }

  /**
   * Issues a leaf certificate for a certificate request: the requester keeps its private key, {@link parseCsr} checks that
   * it holds it, and everything else is decided here. Afterwards as {@link issue}.
   *
   * This proves possession of a key, not identity: find out who is asking before you call it.
   *
   * @throws PkiError `ERR_PKI_CSR`, `ERR_PKI_OPTION` (no common name, or two), and what {@link issue} throws
   */
  async issueFromCsr(options: IssueFromCsrOptions): Promise<Issued> {
    const request = parseCsr(options.csr);
    if (request.spki.equals(this.#parsed.spki)) throw csrError('publicKey', 'the request is for the key of this CA');
    return this.issue({ ...options, subject: certifiedSubject(options, request), key: request.publicKey });
  }

  #checkRequest({ role, subject, san }: IssueOptions): LeafProfile {
    const profile = profileOf(role);
    const { roles } = this.#context;
    if (!roles.includes(role)) {
      throw new PkiError('ERR_PKI_ROLE', `this CA issues ${roles.join(', ')}, not ${role}`, { field: 'role' });
    }
    checkCommonName(role, subject.CN);
    if (subject.OU !== undefined && subject.OU !== role) {
      throw new PkiError('ERR_PKI_NAME', 'subject OU is the role and cannot be chosen', { field: 'OU' });
    }
    if ((profile.subjectAltName === 'required') !== (san !== undefined)) {
      const message = `subject alternative names are ${profile.subjectAltName} for the role ${role}`;
      throw new PkiError('ERR_PKI_SAN', message, { field: 'san' });
    }
    return profile;
  }
}

/** The key to certify, and its PEM when it was made here. */
async function subjectKey(
  options: IssueOptions,
): Promise<{ algorithm: KeyAlgorithm; spki: Buffer; privateKey: Pem | undefined }> {
  if (options.key) return { ...publicKeyInfo(options.key), privateKey: undefined };
  const { algorithm, spki, pem } = await generatePair(options.keyAlgorithm ?? 'ec-p256');
  return { algorithm, spki, privateKey: pem };
}

/**
 * A new self-signed CA. `privateKey` is the PKCS#8 PEM of the key it made, or undefined when a `signer` was given.
 * Default validity 7,300 days; path length 0, so it signs leaves only.
 *
 * @throws PkiError `ERR_PKI_NAME`, `ERR_PKI_VALIDITY`, `ERR_PKI_OPTION`, `ERR_PKI_SIGNER`, `ERR_PKI_STORE`
 */
export async function createCertificateAuthority(
  options: CreateAuthorityOptions,
): Promise<{ ca: CertificateAuthority; privateKey: Pem | undefined }> {
  const { pathLength = 0 } = options;
  if (!Number.isInteger(pathLength) || pathLength < 0 || pathLength > 8) {
    throw new PkiError('ERR_PKI_OPTION', 'pathLength must be 0..8', { field: 'pathLength' });
  }
  const { store, random, now } = resolveContext(options);
  const subject = nameDer(options.subject);
  const validity = resolveValidity(options, { now: now(), days: CA_DAYS });
  const { signer, privateKey } = await authoritySigner(options);
  const { publicKey, algorithm } = parsePublicKeyInfo(signer.spki);
  const extensions = Buffer.concat([
    extensionsDer(basicConstraints(true, pathLength), keyUsage(CA_KEY_USAGE)),
    subjectKeyIdentifierDer(keyIdentifier(signer.spki)),
  ]);
  const { certificate } = await issueCertificate(
    { issuer: subject, subject, validity, spki: signer.spki, extensions },
    { signer, issuer: { publicKey, algorithm }, store, random, describe: readBack },
  );
  return { ca: CertificateAuthority.open({ ...options, certificate, signer }), privateKey };
}

async function authoritySigner(
  options: CreateAuthorityOptions,
): Promise<{ signer: Signer; privateKey: Pem | undefined }> {
  if (options.signer) return { signer: options.signer, privateKey: undefined };
  const { keyObject, pem } = await generatePrivateKey(options.keyAlgorithm ?? 'ec-p256');
  return { signer: keySigner(keyObject), privateKey: pem };
}
