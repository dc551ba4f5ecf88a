import type { IncomingMessage } from 'node:http';
import { request, type RequestOptions } from 'node:https';
import { TLSSocket, type ConnectionOptions, type SecureContext } from 'node:tls';
import { DEVICE_ACCEPT, DEVICE_HEADERS, IMAGE_MEDIA_TYPE } from '@secure-esp/protocol';
import type { Clock } from './clock.js';
import { isTlsFault } from './credentials.js';
import { TransferFailure } from './transfer-failure.js';

/** One HTTPS GET, as the core asks for it. */
export interface DownloadRequest {
  readonly url: string;
  /** Value of `If-None-Match`; empty: no such header. */
  readonly ifNoneMatch: string;
  readonly project: string;
  readonly chip: string;
  readonly version: string;
  /** Identity of the running image, hex. */
  readonly image: string;
  readonly acceptManifest: boolean;
  /** Of the file: more is `too_large`. */
  readonly maxBytes: number;
  /** A multiple of 4096; 0: the whole file. */
  readonly resumeFrom: number;
  /** A strong entity tag; empty when `resumeFrom` is 0. */
  readonly ifRange: string;
}

const headersOf = (wanted: DownloadRequest): Record<string, string> => ({
  accept: wanted.acceptManifest ? DEVICE_ACCEPT : IMAGE_MEDIA_TYPE,
  [DEVICE_HEADERS.project]: wanted.project,
  [DEVICE_HEADERS.chip]: wanted.chip,
  [DEVICE_HEADERS.version]: wanted.version,
  [DEVICE_HEADERS.image]: wanted.image,
  ...(wanted.ifNoneMatch === '' ? {} : { 'if-none-match': wanted.ifNoneMatch }),
  ...(wanted.resumeFrom === 0 ? {} : { range: `bytes=${String(wanted.resumeFrom)}-`, 'if-range': wanted.ifRange }),
});

export interface OpenOptions {
  readonly secureContext: SecureContext;
  readonly clock: Clock;
  readonly connectTimeoutMs: number;
  readonly idleTimeoutMs: number;
  /** What is left of the time for the whole transfer. */
  readonly remainingMs: () => number;
  readonly signal: AbortSignal;
}

/**
 * Sends the request with the device's certificate over TLS 1.2 or newer, on a connection of its own. Redirects are
 * answers like any other. Resolves with the response, rejects with a {@link TransferFailure}.
 */
export const openDownload = (wanted: DownloadRequest, options: OpenOptions): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    // In TLS 1.3 the server judges our certificate after the handshake, and may just close: until it answers, we do not know.
    let stage: 'connecting' | 'handshake' | 'unproven' | 'waiting' = 'connecting';
    let answered = false;
    let cancel: () => void = () => undefined;
    const fail = (failure: TransferFailure): void => {
      cancel();
      reject(failure);
      outgoing.destroy();
    };
    const limit = (ms: number, failure: () => TransferFailure): void => {
      cancel();
      cancel = options.clock.schedule(Math.min(ms, options.remainingMs()), () => {
        fail(failure());
      });
    };
    // The agent hands every option on to tls.connect; the types of node:https know only some of them.
    const tlsOptions: RequestOptions & ConnectionOptions = {
      method: 'GET',
      agent: false,
      headers: headersOf(wanted),
      secureContext: options.secureContext,
      rejectUnauthorized: true,
      signal: options.signal,
    };
    const outgoing = request(wanted.url, tlsOptions);
    limit(options.connectTimeoutMs, () => new TransferFailure('unreachable'));
    outgoing.on('socket', (socket) => {
      socket.on('connect', () => {
        stage = 'handshake';
        limit(options.idleTimeoutMs, () => new TransferFailure('stalled'));
      });
      socket.on('secureConnect', () => {
        stage = socket instanceof TLSSocket && socket.getProtocol() === 'TLSv1.3' ? 'unproven' : 'waiting';
        limit(options.idleTimeoutMs, () => new TransferFailure('stalled'));
      });
      socket.once('data', () => {
        stage = 'waiting';
      });
    });
    outgoing.on('upgrade', () => {
      fail(new TransferFailure('http_status'));
    });
    outgoing.on('response', (response) => {
      cancel();
      answered = true;
      resolve(response);
    });
    outgoing.on('error', (cause) => {
      // From here on the response tells; bytes behind a body that is complete are an error only here.
      if (answered) return;
      const malformed = 'code' in cause && typeof cause.code === 'string' && cause.code.startsWith('HPE_');
      const tls = isTlsFault(cause) || stage === 'handshake' || stage === 'unproven';
      fail(new TransferFailure(malformed ? 'http_status' : tls ? 'tls' : 'unreachable', { cause }));
    });
    outgoing.end();
  });
