import { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { isDeviceId } from '@secure-esp/protocol';
import { OtaError } from '../errors.js';
import { CLIENT_ROLES, type ClientRole, type OtaClient } from '../http/ota-exchange.js';

const BLOCK = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

/** The certificates of a PEM bundle. @throws OtaError `bad_certificate` naming the option */
export function readCertificates(pem: string, option: string): readonly X509Certificate[] {
  const certificates = (pem.match(BLOCK) ?? []).map((block) => {
    try {
      return new X509Certificate(block);
    } catch (cause) {
      throw new OtaError('bad_certificate', `${option} holds a certificate that does not parse`, { cause });
    }
  });
  if (certificates.length === 0) throw new OtaError('bad_certificate', `${option} holds no certificate in PEM`);
  return certificates;
}

export interface ClientAuthorities {
  /** Only these make devices. */
  readonly device: readonly X509Certificate[];
  /** These make every other role, and never a device. */
  readonly operator: readonly X509Certificate[];
}

/**
 * Who a TLS peer is: the role in the OU counts only when the CA for that role signed the certificate, so no device can
 * name itself an operator. `undefined` when the certificate does not say who it is in exactly one CN and one OU.
 *
 * The chain and the dates were checked in the handshake (`rejectUnauthorized`); here only which CA it was.
 */
export function clientOfSocket(socket: TLSSocket, authorities: ClientAuthorities): OtaClient | undefined {
  const certificate = socket.getPeerX509Certificate();
  return certificate !== undefined && socket.authorized ? clientOfCertificate(certificate, authorities) : undefined;
}

export function clientOfCertificate(
  certificate: X509Certificate,
  authorities: ClientAuthorities,
): OtaClient | undefined {
  const cn = onlyValue(certificate.subject, 'CN');
  const role = roleOf(onlyValue(certificate.subject, 'OU'));
  if (cn === undefined || role === undefined) return undefined;
  if (role === 'device' && !isDeviceId(cn)) return undefined;
  const issuers = role === 'device' ? authorities.device : authorities.operator;
  if (!issuers.some((ca) => certificate.checkIssued(ca) && certificate.verify(ca.publicKey))) return undefined;
  return Object.freeze({
    cn,
    role,
    issuer: certificate.issuer,
    serial: certificate.serialNumber,
    notAfter: new Date(certificate.validTo),
  });
}

/** `subject` has one `TYPE=value` per line; Node escapes line feeds inside values. */
function onlyValue(subject: string, type: string): string | undefined {
  const values = subject.split('\n').filter((line) => line.startsWith(`${type}=`));
  const value = values[0]?.slice(type.length + 1);
  return values.length === 1 && value !== undefined && /^[A-Za-z0-9._:-]{1,64}$/.test(value) ? value : undefined;
}

const roleOf = (text: string | undefined): ClientRole | undefined => CLIENT_ROLES.find((role) => role === text);
