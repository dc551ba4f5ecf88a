import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { presentFields, type Subject } from '../asn1/distinguished-name.js';
import {
  authorityKeyIdentifier,
  basicConstraints,
  extensionsDer,
  extKeyUsage,
  keyUsage,
  subjectAltName,
  subjectKeyIdentifierDer,
} from '../asn1/extensions.js';
import { type CanonicalSan, encodeSan } from '../asn1/subject-alt-name.js';
import { KEY_ALGORITHMS, type KeyAlgorithm } from '../keys/key-algorithm.js';
import type { CertificateContent } from './certificate-builder.js';
import type { CertificateInfo } from './certificate-info.js';
import { type LeafProfile, leafKeyUsage, LEAF_PROFILES, type Role, ROLES } from './profiles.js';
import { readBack, readsDifferently } from './verify-issued.js';

/** What a leaf certificate says beyond its dates and numbers. */
export interface LeafFields {
  readonly role: Role;
  readonly subject: Subject;
  readonly san: CanonicalSan | undefined;
  readonly keyAlgorithm: KeyAlgorithm;
  /** of the subject's key */
  readonly keyId: Buffer;
}

const usageDer = (profile: LeafProfile, algorithm: KeyAlgorithm): Buffer =>
  extensionsDer(basicConstraints(false), keyUsage(leafKeyUsage(algorithm)), extKeyUsage(profile.extendedKeyUsage));

/** basicConstraints, keyUsage and extKeyUsage, which are the same for every certificate of a role and kind of key. */
const USAGES = new Map(
  ROLES.flatMap((role) =>
    KEY_ALGORITHMS.map((algorithm) => [`${role} ${algorithm}`, usageDer(LEAF_PROFILES[role], algorithm)] as const),
  ),
);

/** The extensions of the leaf certificates of one CA, and their fields without parsing each certificate. */
export class LeafTemplate {
  readonly #issuer: CertificateInfo;
  readonly #authorityKeyId: Buffer;
  readonly #known = new Set<string>();

  constructor(issuer: CertificateInfo, keyId: Buffer) {
    this.#issuer = issuer;
    this.#authorityKeyId = extensionsDer(authorityKeyIdentifier(keyId));
  }

  /** The members of `Extensions`. */
  extensions({ role, keyAlgorithm, san, keyId }: LeafFields): Buffer {
    const usage = USAGES.get(`${role} ${keyAlgorithm}`) ?? usageDer(LEAF_PROFILES[role], keyAlgorithm);
    const names = san === undefined ? [] : [extensionsDer(subjectAltName(encodeSan(san)))];
    return Buffer.concat([usage, ...names, subjectKeyIdentifierDer(keyId), this.#authorityKeyId]);
  }

  /**
   * The fields of a verified certificate. The first of each kind is also read by OpenSSL's parser and by ours, and so is
   * every one with subject alternative names; the others differ from it in bytes that were compared one by one.
   *
   * @throws PkiError `ERR_PKI_CERTIFICATE`
   */
  describe(der: Buffer, content: CertificateContent, fields: LeafFields): CertificateInfo {
    const info = this.#info(der, content, fields);
    const kind = [fields.role, fields.keyAlgorithm, ...Object.keys(info.subject)].join(' ');
    if (fields.san === undefined && this.#known.has(kind)) return info;
    if (!isDeepStrictEqual({ ...readBack(der, content) }, { ...info })) throw readsDifferently();
    this.#known.add(kind);
    return info;
  }

  #info(der: Buffer, { serial, validity }: CertificateContent, fields: LeafFields): CertificateInfo {
    return Object.freeze({
      serial: serial.toString('hex').toUpperCase(),
      subject: presentFields(fields.subject),
      issuer: { ...this.#issuer.subject },
      san: fields.san ?? { dns: [], ip: [] },
      // copies: what a caller does with them must not reach the CA or the next certificate
      notBefore: new Date(validity.notBefore),
      notAfter: new Date(validity.notAfter),
      fingerprint256: createHash('sha256').update(der).digest('hex'),
      keyAlgorithm: fields.keyAlgorithm,
      role: fields.role,
      isCa: false,
      pathLength: undefined,
      keyUsage: leafKeyUsage(fields.keyAlgorithm),
      extKeyUsage: [...LEAF_PROFILES[fields.role].extendedKeyUsage],
      subjectKeyId: fields.keyId.toString('hex'),
      authorityKeyId: this.#issuer.subjectKeyId,
    });
  }
}
