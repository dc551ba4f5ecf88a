import { createPrivateKey, type KeyObject } from 'node:crypto';
import { type CertificateInfo, parseCertificateDer, parseCertificatePem } from '../../certificate/certificate-info.js';
import type { ParsedCertificate } from '../../certificate/certificate-info.js';
import { checkCommonName } from '../../certificate/profiles.js';
import { createCsr } from '../../csr/create-csr.js';
import { PkiError } from '../../errors.js';
import { generatePrivateKey, spkiOf } from '../../keys/key-pair.js';
import { decodePem, encodePem, type Pem } from '../../pem.js';
import { decodePemBundle } from '../pem-bundle.js';
import { checkEnrolled, readCertificate } from './check-enrolled.js';
import { callEst, type EstConnection } from './est-request.js';

export interface EnrollOverEstOptions extends EstConnection {
  /** whom to enrol; the certificate must be of this id */
  readonly deviceId: string;
  /** default: none, for a preauthorised key */
  readonly claimToken?: string;
  /**
   * The private key to certify. Default: a new P-256 key. Keep the key before you call and give it again after a failure:
   * the claim is bound to the first key that the server sees.
   */
  readonly key?: KeyObject | Pem;
  /** the CA that must have signed the certificate; default: those of GET /cacerts, which `ca` vouches for */
  readonly deviceCa?: Pem;
}

export interface ReenrollOverEstOptions extends EstConnection {
  /** the certificate to renew; it may be over where the server has a grace listener */
  readonly cert: Pem;
  /** its private key */
  readonly key: KeyObject | Pem;
  /** a private key to certify instead, or `true` for a new P-256 key; default: the same key again */
  readonly newKey?: KeyObject | Pem | true;
  /** as of {@link EnrollOverEstOptions}; a grace listener has no /cacerts, so give it there */
  readonly deviceCa?: Pem;
}

/**
 * A certificate that was got over EST and checked: of the id and the key that were asked for, by a CA that is trusted.
 */
export interface EnrolledDevice {
  readonly certificate: Pem;
  readonly info: CertificateInfo;
  /** PKCS#8 of the certified key */
  readonly key: Pem;
  /** the CA that signed the certificate */
  readonly deviceCa: Pem;
}

/**
 * A device's first certificate, by its claim (RFC 7030 4.2.1). What comes back is checked: key, name, role, and that
 * the device CA signed it. The same claim with the same key may be tried again.
 *
 * @throws PkiError `ERR_PKI_OPTION`, `ERR_PKI_NAME`, `ERR_PKI_KEY` (options); `ERR_PKI_EST_UNAVAILABLE`,
 *   `ERR_PKI_EST_REFUSED`, `ERR_PKI_EST_REPLY`; the signal's reason
 */
export async function enrollOverEst(options: EnrollOverEstOptions): Promise<EnrolledDevice> {
  const { deviceId, claimToken = '' } = options;
  checkCommonName('device', deviceId);
  const key = await privateKeyOf(options.key ?? true);
  const authorities = await authoritiesOf(options);
  const authorization = `Basic ${Buffer.from(`${deviceId}:${claimToken}`).toString('base64')}`;
  const csr = await requestFor(key, deviceId);
  const certificates = await callEst(options, { operation: 'simpleenroll', csr, authorization });
  return enrolled(certificates, key, deviceId, authorities);
}

/**
 * Another certificate for the device that has this one (RFC 7030 4.2.2), checked as by {@link enrollOverEst}. The old
 * one stays good until its end, unless the server revokes it.
 *
 * @throws PkiError as {@link enrollOverEst}, and `ERR_PKI_PEM`, `ERR_PKI_CERTIFICATE` (`cert`)
 */
export async function reenrollOverEst(options: ReenrollOverEstOptions): Promise<EnrolledDevice> {
  const { info } = parseCertificatePem(options.cert);
  const deviceId = info.subject.CN ?? '';
  checkCommonName('device', deviceId);
  const key = await privateKeyOf(options.key);
  const newKey = options.newKey === undefined ? key : await privateKeyOf(options.newKey);
  const authorities = await authoritiesOf(options);
  const csr = await requestFor(newKey, deviceId);
  const tls = { cert: options.cert, key: pemOf(key) };
  const certificates = await callEst(options, { operation: 'simplereenroll', csr, tls });
  return enrolled(certificates, newKey, deviceId, authorities);
}

/**
 * The certificates of GET /cacerts (RFC 7030 4.1), PEM: of a secure-esp server the CA of servers and that of devices, in
 * no order. They are as trustworthy as `ca`.
 *
 * @throws PkiError as {@link enrollOverEst}
 */
export async function fetchEstCaCerts(connection: EstConnection): Promise<readonly Pem[]> {
  const certificates = await callEst(connection, { operation: 'cacerts' });
  return certificates.map((der) => encodePem('CERTIFICATE', readCertificate(der).x509.raw));
}

async function authoritiesOf(
  options: EstConnection & { readonly deviceCa?: Pem },
): Promise<readonly ParsedCertificate[]> {
  if (options.deviceCa !== undefined) return decodePemBundle(options.deviceCa);
  const pems = await fetchEstCaCerts(options);
  return pems.map((pem) => parseCertificateDer(decodePem(pem, ['CERTIFICATE']).der));
}

async function privateKeyOf(key: KeyObject | Pem | true): Promise<KeyObject> {
  if (key === true) return (await generatePrivateKey('ec-p256')).keyObject;
  if (typeof key !== 'string') return key;
  try {
    return createPrivateKey(key);
  } catch (cause) {
    throw new PkiError('ERR_PKI_KEY', 'the private key cannot be read', { cause, field: 'key' });
  }
}

const pemOf = (key: KeyObject): Pem => key.export({ type: 'pkcs8', format: 'pem' }).toString();

const requestFor = async (key: KeyObject, CN: string): Promise<Buffer> =>
  decodePem(await createCsr({ key, subject: { CN } }), ['CERTIFICATE REQUEST']).der;

function enrolled(
  certificates: readonly Buffer[],
  key: KeyObject,
  deviceId: string,
  authorities: readonly ParsedCertificate[],
): EnrolledDevice {
  const { info, x509 } = checkEnrolled(certificates, { deviceId, spki: spkiOf(key), authorities });
  const deviceCa = authorities.find((ca) => x509.checkIssued(ca.x509) && x509.verify(ca.publicKey))?.x509.raw;
  return Object.freeze({
    certificate: encodePem('CERTIFICATE', x509.raw),
    info,
    key: pemOf(key),
    deviceCa: deviceCa === undefined ? '' : encodePem('CERTIFICATE', deviceCa),
  });
}
