import { isTlsFault } from './credentials.js';

/** Why there is no connection: what the core distinguishes while an update awaits its confirmation. */
export type ConnectFailure = 'unreachable' | 'tls' | 'auth';

/** How far a connection attempt came. */
export type ConnectStage = 'connecting' | 'handshake' | 'secure';

/** CONNACK reason codes that refuse *us* (MQTT 5, 3.2.2.2); the others are about the server's own state. */
const REFUSALS: ReadonlySet<unknown> = new Set([0x85, 0x86, 0x87, 0x8a, 0x8c]);
const CONNACK_FAILURE = 0x80;

/**
 * Classifies a failed attempt. A broker that closes right after the handshake has refused the certificate: in TLS 1.3 the
 * client learns of it only then, and not every broker sends an alert.
 */
export const classifyFailure = (stage: ConnectStage, error: unknown): ConnectFailure => {
  if (isTlsFault(error)) return 'tls';
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (REFUSALS.has(code)) return 'auth';
  if (typeof code === 'number' && code >= CONNACK_FAILURE) return 'unreachable';
  if (stage === 'connecting') return 'unreachable';
  return stage === 'handshake' ? 'tls' : 'auth';
};
