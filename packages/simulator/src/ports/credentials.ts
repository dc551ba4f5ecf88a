import { createHash } from 'node:crypto';
import { createSecureContext, type SecureContext } from 'node:tls';
import { SimulatorError } from '../errors.js';

/** A client certificate and the CA that its peers must chain to. PEM. */
export interface ClientCredentials {
  readonly cert: string;
  readonly key: string;
  /** One certificate or more; nothing else is trusted. */
  readonly ca: string;
}

/** Makes TLS contexts, one per distinct set of credentials. */
export type SecureContexts = (name: string, credentials: ClientCredentials) => SecureContext;

/** Contexts are shared between the users of one cache: a parsed CA costs about 35 kB per connection otherwise. */
export const createSecureContexts = (): SecureContexts => {
  const known = new Map<string, SecureContext>();
  return (name, { cert, key, ca }) => {
    const id = createHash('sha256')
      .update(JSON.stringify([cert, key, ca]))
      .digest('hex');
    const found = known.get(id);
    if (found !== undefined) return found;
    try {
      const context = createSecureContext({ cert, key, ca, minVersion: 'TLSv1.2' });
      known.set(id, context);
      return context;
    } catch {
      // The cause is left out: OpenSSL's messages may quote the PEM text.
      throw new SimulatorError(
        'bad_option',
        `${name}: cert, key and ca are PEM, and the key belongs to the certificate`,
      );
    }
  };
};

/** True for errors of the handshake: certificate verdicts, alerts, protocol mismatch. */
export const isTlsFault = (error: unknown): boolean => {
  if (!(error instanceof Error)) return false;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return /^(ERR_TLS_|ERR_SSL_|EPROTO$|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|INVALID_CA|HOSTNAME_MISMATCH|ERROR_IN_CERT)/.test(
    code,
  );
};
