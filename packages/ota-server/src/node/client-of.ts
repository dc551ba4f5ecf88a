import { TLSSocket } from 'node:tls';
import { clientOfSocket, readCertificates } from './client-certificate.js';
import { createForwardedClientOf, type ForwardedCertificateOptions } from './forwarded-certificate.js';
import type { ClientOf } from './node-listener.js';

/** The CAs that clients are recognised by, and where their certificates come from. */
export interface ClientOfOptions {
  /** CA certificates (PEM) that make devices. */
  readonly deviceCa: string;
  /** CA certificates (PEM) that make operators. Default: none, only devices are known. */
  readonly operatorCa?: string;
  /**
   * Behind a reverse proxy that ends TLS: take the client's certificate from a header, and from nowhere else. Checked as in
   * a handshake, but for one thing that only the proxy saw: that the client holds the key. Certificates are public, so
   * whoever can set this header, or reach this server past the proxy from the proxy's address, can be any client. The proxy
   * must ask for certificates and set the field in every request (nginx: `ssl_verify_client optional;` and
   * `proxy_set_header X-Client-Cert $ssl_client_escaped_cert;`). Default: off.
   */
  readonly dangerouslyTrustClientCertificateHeader?: ForwardedCertificateOptions;
  /** Default: the system's clock. Used for certificates from a header only. */
  readonly now?: () => Date;
}

/**
 * Who sent a request, by the client certificate of its TLS connection. The server must ask for it and must know the same
 * CAs: `{ requestCert: true, ca: [deviceCa, operatorCa] }`. With `rejectUnauthorized: false` it serves other pages to
 * anybody, and a client whose certificate did not verify is nobody here.
 *
 * @throws OtaError `bad_certificate`, `bad_option`
 */
export function createClientOf(options: ClientOfOptions): ClientOf {
  const { deviceCa, operatorCa, dangerouslyTrustClientCertificateHeader: forwarded } = options;
  const authorities = Object.freeze({
    device: readCertificates(deviceCa, 'deviceCa'),
    operator: operatorCa === undefined ? [] : readCertificates(operatorCa, 'operatorCa'),
  });
  if (forwarded === undefined) {
    return ({ socket }) => (socket instanceof TLSSocket ? clientOfSocket(socket, authorities) : undefined);
  }
  const clientOf = createForwardedClientOf(forwarded, authorities, options.now ?? (() => new Date()));
  process.emitWarning(
    `clients are who the header ${forwarded.header} says: the proxy must set it in every request, and nobody else may`,
    { type: 'OtaSecurityWarning', code: 'OTA_CLIENT_CERTIFICATE_HEADER' },
  );
  return clientOf;
}
