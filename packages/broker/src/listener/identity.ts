import type { TLSSocket } from 'node:tls';
import { isDeviceId, type Role } from '@secure-esp/protocol';
import type { Peer } from '../permissions.js';

/** The peer, or the reason (a sentence for the log) why the certificate names none. */
export type Identity = { readonly peer: Peer } | { readonly refusal: string };

/** Reads the client certificate of a finished handshake. The role is the listener's, never something the client says. */
export function identify(socket: TLSSocket, role: Role): Identity {
  if (!socket.authorized) return { refusal: 'the client certificate is not trusted' };
  // Typed as a string, but several CNs arrive as an array.
  const commonName: unknown = socket.getPeerCertificate().subject.CN;
  if (typeof commonName !== 'string') return { refusal: 'the client certificate must have exactly one CN' };
  if (role === 'device' && !isDeviceId(commonName)) {
    return { refusal: 'the CN of a device must be [A-Za-z0-9_-]{1,64}' };
  }
  return { peer: { role, commonName } };
}
