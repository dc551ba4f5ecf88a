import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import type { DownloadRequest, OpenOptions } from '../../src/ports/download-request.js';
import { TransferFailure } from '../../src/ports/transfer-failure.js';
import type { VirtualTime } from './virtual-time.js';

const LATENCY_MS = 50;
const PIECE_BYTES = 10_000;
const PIECE_MS = 100;

/** What lies under a path. */
export interface ServedFile {
  readonly body: Uint8Array;
  readonly type: string;
  readonly etag: string;
}

/** An update server without a network: conditional requests, ranges, and one body at a time. */
export interface MemoryServer {
  readonly openDownload: (wanted: DownloadRequest, options: OpenOptions) => Promise<IncomingMessage>;
  readonly files: Map<string, ServedFile>;
  reachable: boolean;
  /** Resets the transfer that is under way. */
  drop(): void;
  readonly requests: readonly { readonly path: string; readonly from: number }[];
}

const answer = (status: number, headers: Record<string, string>): IncomingMessage => {
  const message = new IncomingMessage(new Socket());
  message.statusCode = status;
  Object.assign(message.headers, headers);
  return message;
};

export const createMemoryServer = ({ clock }: VirtualTime): MemoryServer => {
  const files = new Map<string, ServedFile>();
  const requests: { path: string; from: number }[] = [];
  let reachable = true;
  let body: IncomingMessage | undefined;

  const send = (message: IncomingMessage, bytes: Uint8Array): void => {
    let at = 0;
    body = message;
    const next = (): void => {
      if (message.destroyed) return;
      message.push(bytes.subarray(at, at + PIECE_BYTES));
      at += PIECE_BYTES;
      if (at < bytes.length) {
        clock.schedule(PIECE_MS, next);
        return;
      }
      message.complete = true;
      message.push(null);
    };
    clock.schedule(PIECE_MS, next);
  };
  const respond = (wanted: DownloadRequest): IncomingMessage => {
    const { url, ifNoneMatch, resumeFrom, ifRange } = wanted;
    const path = new URL(url).pathname;
    const from = resumeFrom;
    requests.push({ path, from });
    const file = files.get(path);
    const { body: bytes, type, etag } = file ?? { body: Buffer.from('no'), type: 'text/plain', etag: '' };
    if (file !== undefined && ifNoneMatch !== '' && ifNoneMatch === etag) return answer(304, { etag });
    const partial = from > 0 && ifRange === etag && from < bytes.length;
    const part = partial ? bytes.subarray(from) : bytes;
    const message = answer(file === undefined ? 404 : partial ? 206 : 200, {
      etag,
      'content-type': type,
      'content-length': String(part.length),
      ...(partial
        ? { 'content-range': `bytes ${String(from)}-${String(bytes.length - 1)}/${String(bytes.length)}` }
        : {}),
    });
    send(message, part);
    return message;
  };
  const reset = (): void => {
    const message = body;
    body = undefined;
    if (message !== undefined && !message.complete) message.destroy(new Error('reset'));
  };
  return {
    files,
    requests,
    openDownload: (wanted, { signal }) =>
      new Promise((resolve, reject) => {
        const cancel = clock.schedule(LATENCY_MS, () => {
          if (reachable) resolve(respond(wanted));
          else reject(new TransferFailure('unreachable'));
        });
        signal.addEventListener('abort', () => {
          cancel();
          reject(new TransferFailure('unreachable'));
        });
      }),
    get reachable() {
      return reachable;
    },
    set reachable(next) {
      reachable = next;
      if (!next) reset();
    },
    drop: reset,
  };
};
