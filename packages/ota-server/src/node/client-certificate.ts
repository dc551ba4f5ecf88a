import { X509Certificate } from 'node:crypto';
import type { PeerCertificate, TLSSocket } from 'node:tls';
import { isDeviceId } from '@secure-esp/protocol';
import { OtaError } from '../errors.js';
import { CLIENT_ROLES, type ClientRole, type OtaClient } from '../http/ota-exchange.js';
import { KnownClients } from './known-clients.js';

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

/** The CA certificates that clients are recognised by. Each list may hold several, as during a rollover. */
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
  if (!socket.authorized) return undefined;
  // asked for with each request: TLS 1.2 allows another certificate within a connection
  // Null, whatever its type says, once the socket is destroyed.
  const raw = (socket.getPeerCertificate() as Partial<PeerCertificate> | null)?.raw;
  if (raw === undefined) return undefined;
  const known = knownTo.get(authorities) ?? new KnownClients();
  knownTo.set(authorities, known);
  return known.clientOf(raw, () => clientOfCertificate(new X509Certificate(raw), authorities));
}

/** By the CAs they were told by: with other CAs, nobody is known. */
const knownTo = new WeakMap<ClientAuthorities, KnownClients>();

/**
 * Who a certificate says the client is: CN and OU, each there once, with an OU that fits the CA which signed it.
 * Undefined otherwise. Neither its dates nor revocation are looked at, and that the client holds its key is the TLS
 * handshake's to show.
 */
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
