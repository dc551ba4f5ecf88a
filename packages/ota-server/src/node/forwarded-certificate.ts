import { X509Certificate } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';
import { OtaError } from '../errors.js';
import type { OtaClient } from '../http/ota-exchange.js';
import { type ClientAuthorities, clientOfCertificate } from './client-certificate.js';

/** Which proxies may say, and in which header, what certificate a client has shown them. */
export interface ForwardedCertificateOptions {
  /** The field that the proxy sets: the certificate in PEM, URL-encoded, as nginx's `$ssl_client_escaped_cert`. */
  readonly header: string;
  /** IP addresses and ranges (`10.0.0.0/8`) of the proxies. In requests from any other address the field is ignored. */
  readonly proxies: readonly string[];
}

const FIELD_NAME = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;
const ONE_CERTIFICATE = /^-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----\s*$/;
const MAX_ENCODED_BYTES = 16 * 1024;
const CLIENT_AUTHENTICATION = '1.3.6.1.5.5.7.3.2';

/** @throws OtaError `bad_option` */
export function createForwardedClientOf(
  { header, proxies }: ForwardedCertificateOptions,
  authorities: ClientAuthorities,
  now: () => Date,
): (request: IncomingMessage) => OtaClient | undefined {
  const field = header.toLowerCase();
  if (!FIELD_NAME.test(field)) {
    throw new OtaError('bad_option', 'dangerouslyTrustClientCertificateHeader.header must be the name of a header');
  }
  const isProxy = listOf(proxies);
  return (request) => {
    const value = request.headers[field];
    const address = request.socket.remoteAddress;
    if (typeof value !== 'string' || address === undefined || !isProxy(address)) return undefined;
    const certificate = decode(value);
    return certificate === undefined ? undefined : check(certificate, authorities, now());
  };
}

function listOf(proxies: readonly string[]): (address: string) => boolean {
  const wrong = () =>
    new OtaError(
      'bad_option',
      'dangerouslyTrustClientCertificateHeader.proxies must name the IP addresses or ranges of your proxies',
    );
  if (proxies.length === 0) throw wrong();
  const list = new BlockList();
  for (const proxy of proxies) {
    const [address = '', bits, ...more] = proxy.split('/');
    if (isIP(address) === 0 || more.length > 0 || (bits !== undefined && !/^[0-9]{1,3}$/.test(bits))) throw wrong();
    try {
      if (bits === undefined) list.addAddress(address, family(address));
      else list.addSubnet(address, Number(bits), family(address));
    } catch {
      throw wrong();
    }
  }
  return (address) => list.check(address, family(address));
}

const family = (address: string): 'ipv4' | 'ipv6' => (isIP(address) === 6 ? 'ipv6' : 'ipv4');

function decode(value: string): X509Certificate | undefined {
  if (value.length > MAX_ENCODED_BYTES) return undefined;
  try {
    const pem = decodeURIComponent(value);
    return ONE_CERTIFICATE.test(pem) ? new X509Certificate(pem) : undefined;
  } catch {
    // a malformed escape, or no certificate
    return undefined;
  }
}

/** What a TLS handshake checks: signature and dates of both links of the chain, and the purpose. */
function check(certificate: X509Certificate, authorities: ClientAuthorities, now: Date): OtaClient | undefined {
  // Node's name for the extended key usage; absent, whatever its type says, when the certificate has none.
  const purposes = certificate.keyUsage as readonly string[] | undefined;
  const mayBeClient = purposes === undefined || purposes.includes(CLIENT_AUTHENTICATION);
  if (!mayBeClient || !isCurrent(certificate, now)) return undefined;
  return clientOfCertificate(certificate, {
    device: authorities.device.filter((ca) => ca.ca && isCurrent(ca, now)),
    operator: authorities.operator.filter((ca) => ca.ca && isCurrent(ca, now)),
  });
}

const isCurrent = ({ validFrom, validTo }: X509Certificate, now: Date): boolean =>
  new Date(validFrom) <= now && now <= new Date(validTo);
