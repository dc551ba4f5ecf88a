import type { SerialHex } from '../../certificate/certificate-info.js';
import type { EstProblemCode } from '../http/problem.js';

/** What whoever runs enrolment may want to log. No token and no key is ever part of it. */
export type EstEvent =
  | {
      readonly type: 'enrolled';
      readonly deviceId: string;
      readonly serial: SerialHex;
      /** the certificate of an earlier request was given out once more */
      readonly again: boolean;
    }
  | {
      readonly type: 'reenrolled';
      readonly deviceId: string;
      readonly serial: SerialHex;
      readonly replaces: SerialHex;
      /** days since the end of the old certificate, for the grace path */
      readonly daysExpired?: number;
    }
  | {
      readonly type: 'refused';
      readonly code: EstProblemCode;
      readonly endpoint: string;
      /** who the client says it is */
      readonly deviceId?: string;
    }
  /** the server is at fault: what it says stays here, the client gets 500 or 503 */
  | { readonly type: 'failed'; readonly endpoint: string; readonly error: unknown }
  /** of a standalone server: no TLS connection came about */
  | { readonly type: 'handshake_failed'; readonly code: string; readonly address?: string };

/** Must be quick: the request waits for it. What it throws becomes a process warning. */
export type EstEventListener = (event: EstEvent) => void;

/** A listener that throws must not end a request. */
export function isolateListener(listener: EstEventListener | undefined): EstEventListener {
  return (event) => {
    try {
      listener?.(event);
    } catch (error) {
      process.emitWarning(error instanceof Error ? error : 'onEvent threw', { type: 'EstListenerWarning' });
    }
  };
}
