import type { OtaClient, OtaRequest } from '../http/ota-exchange.js';
import type { OtaProblemCode } from '../http/problem.js';
import type { NotOffered, RunningFirmware } from '../update/decide-update.js';

/** What events about a request have in common. */
export interface RequestEvent {
  /** The `x-request-id` of its reply. */
  readonly requestId?: string;
  /** Who asked; undefined without a certificate. */
  readonly client?: OtaClient;
}

/** What happened, for logs and metrics. Texts in `running` and `path` come from the client: escape them. */
export type OtaEvent =
  /** Once per request, when its reply is decided. `path`: at most 128 characters, as received, without the query. */
  | ({
      readonly type: 'replied';
      readonly method: string;
      readonly path: string;
      readonly status: number;
      readonly durationMs: number;
    } & RequestEvent)
  | ({ readonly type: 'refused'; readonly code: OtaProblemCode } & RequestEvent)
  | ({
      readonly type: 'offered';
      readonly running: RunningFirmware;
      readonly seq: number;
      readonly version: string;
      readonly as: 'manifest' | 'image';
    } & RequestEvent)
  | ({
      readonly type: 'not_offered';
      readonly running: RunningFirmware;
      readonly reason: NotOffered | 'no_release';
    } & RequestEvent)
  /** The first byte of a body was asked for. */
  | ({ readonly type: 'download_started'; readonly sha256: string; readonly start: number } & RequestEvent)
  /** The end of a body. `bytes` were handed to the connection; `complete` when that is all that was asked for. */
  | ({
      readonly type: 'download';
      readonly sha256: string;
      readonly start: number;
      readonly bytes: number;
      readonly complete: boolean;
      readonly durationMs: number;
    } & RequestEvent)
  /** A client without a certificate was let in by `dangerouslyServeWithoutClientCertificate`. */
  | {
      readonly type: 'bridge_used';
      readonly channel: string;
      readonly address?: string;
      readonly requestId?: string;
    }
  /**
   * A TLS handshake that came to nothing. `code` is OpenSSL's or Node's: `CERT_HAS_EXPIRED`, `ECONNRESET`, … `address` is
   * known while the socket is open.
   */
  | { readonly type: 'handshake_failed'; readonly code: string; readonly address?: string }
  /** An open connection was cut: its certificate is revoked (`revocationsChanged`), or it took too little for too long. */
  | { readonly type: 'connection_closed'; readonly reason: 'revoked' | 'too_slow'; readonly client?: OtaClient }
  /** Answered with 500, or a body cut short. For operators, never for clients. */
  | ({ readonly type: 'failed'; readonly error: unknown } & RequestEvent);

/** Must be quick: the request waits for it. What it throws becomes a process warning. */
export type OtaEventListener = (event: OtaEvent) => void;

/** What every event about a request says of it. */
export const aboutRequest = ({ id, client }: OtaRequest): RequestEvent => ({
  ...(id === undefined ? {} : { requestId: id }),
  ...(client === undefined ? {} : { client }),
});

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
