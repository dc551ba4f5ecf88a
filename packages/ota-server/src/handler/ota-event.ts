import type { OtaClient } from '../http/ota-exchange.js';
import type { OtaProblemCode } from '../http/problem.js';
import type { NotOffered, RunningFirmware } from '../update/decide-update.js';

/** What happened, for logs and metrics. Texts in `running` come from the client: escape them. */
export type OtaEvent =
  | { readonly type: 'refused'; readonly code: OtaProblemCode; readonly client?: OtaClient }
  | {
      readonly type: 'offered';
      readonly running: RunningFirmware;
      readonly seq: number;
      readonly version: string;
      readonly as: 'manifest' | 'image';
      readonly client?: OtaClient;
    }
  | {
      readonly type: 'not_offered';
      readonly running: RunningFirmware;
      readonly reason: NotOffered | 'no_release';
      readonly client?: OtaClient;
    }
  /** The end of a body. `bytes` were handed to the connection; `complete` when that is all that was asked for. */
  | {
      readonly type: 'download';
      readonly sha256: string;
      readonly start: number;
      readonly bytes: number;
      readonly complete: boolean;
      readonly client?: OtaClient;
    }
  /**
   * A TLS handshake that came to nothing. `code` is OpenSSL's or Node's: `CERT_HAS_EXPIRED`, `ECONNRESET`, … `address` is
   * known while the socket is open.
   */
  | { readonly type: 'handshake_failed'; readonly code: string; readonly address?: string }
  /** Answered with 500, or a body cut short. For operators, never for clients. */
  | { readonly type: 'failed'; readonly error: unknown; readonly client?: OtaClient };

export type OtaEventListener = (event: OtaEvent) => void;

/** A listener that cannot break a reply: what it throws becomes a process warning. */
export const isolate =
  (listener: OtaEventListener | undefined): OtaEventListener =>
  (event) => {
    try {
      listener?.(event);
    } catch (error) {
      process.emitWarning(error instanceof Error ? error : 'onEvent threw', { type: 'OtaEventListenerWarning' });
    }
  };
