import type { IncomingMessage } from 'node:http';
import type { SecureContext } from 'node:tls';
import { MANIFEST_MAX_BYTES, MANIFEST_MEDIA_TYPE } from '@secure-esp/protocol';
import { readBody } from './body-reader.js';
import { countdown, type Clock } from './clock.js';
import { parseContentRange, type ContentRange } from './content-range.js';
import { openDownload, type DownloadRequest } from './download-request.js';
import { TransferFailure, type TransferReason } from './transfer-failure.js';

/** Bytes of an image that the core sees before anything is written. */
export const IMAGE_HEADER_BYTES = 288;
/** A slow transfer becomes durable this often. */
const SYNC_MS = 1000;

/** Where an accepted image goes. Throwing means that the flash failed. */
export interface ImageSink {
  /** The first bytes of what lies there from an earlier download. */
  head(length: number): Uint8Array;
  /** @param from 0, or a sector's beginning up to which the image is there already */
  begin(from: number): void;
  write(bytes: Uint8Array): void;
  /** So many bytes of the image survive a loss of power. Follows what is written. */
  readonly bytesDurable: number;
  /** Brings `bytesDurable` as near to what is written as it gets. */
  sync(): void;
  finish(): void;
  /** Nobody goes on with this image: it must not boot. */
  discard(): void;
}

/** What the core is told. Nothing follows `manifest`, `complete`, `failed` or an abort. */
export interface DownloadEvents {
  response(head: {
    readonly status: number;
    readonly contentType: string;
    /** `undefined`: unknown */
    readonly contentLength: number | undefined;
    readonly etag: string;
    /** Of a 206: the part runs from `start` to the end of a file of `total` bytes. */
    readonly range: ContentRange | undefined;
  }): void;
  manifest(jws: Uint8Array): void;
  imageHeader(bytes: Uint8Array): void;
  /** So many bytes of the file are here, a part from earlier included. */
  received(bytes: number): void;
  /** So many of them are durable. */
  progress(bytes: number): void;
  complete(bytes: number): void;
  failed(reason: TransferReason): void;
}

/** One transfer at a time. After `response` and `imageHeader` it waits for `proceed` or `abort`. */
export interface Downloader {
  /** @returns false when a transfer is under way or the URL is not an https one */
  start(request: DownloadRequest): boolean;
  proceed(): void;
  /** Ends the transfer and makes what it wrote unbootable. A transfer that fails leaves what is durable. */
  abort(): void;
  /** Ends the transfer as a power failure does: the flash stays as it is. Resolves when nothing is left running. */
  close(): Promise<void>;
}

export interface DownloaderOptions {
  readonly secureContext: SecureContext;
  readonly clock: Clock;
  readonly sink: ImageSink;
  readonly events: DownloadEvents;
  readonly connectTimeoutMs: number;
  readonly idleTimeoutMs: number;
  /** For one whole transfer, from the first packet to the last byte: idle or not. */
  readonly downloadTimeoutMs: number;
  readonly bytesPerSecond: number;
  /** Sends the request. Default: over HTTPS. */
  readonly open?: typeof openDownload;
  /** An error that is not about this transfer, such as a flash without power. The transfer ends without an event. */
  readonly onFault: (error: unknown) => void;
}

interface Transfer {
  readonly controller: AbortController;
  /** Asks anew each time: the answer changes while a transfer waits. */
  readonly aborted: () => boolean;
  decide: (() => void) | undefined;
  writing: boolean;
}

const isHttps = (url: string): boolean => URL.canParse(url) && new URL(url).protocol === 'https:';

const contentLengthOf = (response: IncomingMessage): number | undefined => {
  const value = response.headers['content-length'];
  // The parser passes digits only. What exceeds an integer here exceeds every slot.
  return value === undefined ? undefined : Math.min(Number(value), Number.MAX_SAFE_INTEGER);
};

const isManifest = (contentType: string): boolean =>
  contentType.split(';', 1)[0]?.trim().toLowerCase() === MANIFEST_MEDIA_TYPE;

export const createDownloader = (options: DownloaderOptions): Downloader => {
  const { events, sink } = options;
  let current: Transfer | undefined;
  let running: Promise<unknown> = Promise.resolve();

  const decision = (transfer: Transfer): Promise<void> =>
    new Promise((resolve) => {
      transfer.decide = resolve;
    });

  const receiveManifest = async (body: AsyncIterable<Uint8Array>): Promise<() => void> => {
    const parts: Uint8Array[] = [];
    for await (const piece of body) parts.push(piece);
    return () => {
      events.manifest(Buffer.concat(parts));
    };
  };

  const receiveImage = async (
    body: AsyncIterable<Uint8Array>,
    transfer: Transfer,
    from: number,
  ): Promise<() => void> => {
    let head = Buffer.alloc(0);
    let total = from;
    let durable = from;
    let syncedAtMs = 0;
    const begin = async (first: Uint8Array): Promise<void> => {
      const decided = decision(transfer);
      events.imageHeader(first);
      await decided;
      if (transfer.aborted()) return;
      transfer.writing = true;
      syncedAtMs = options.clock.monotonicMs();
      sink.begin(from);
    };
    const tell = (): void => {
      if (sink.bytesDurable === durable) return;
      durable = sink.bytesDurable;
      syncedAtMs = options.clock.monotonicMs();
      events.progress(durable);
    };
    const write = (bytes: Uint8Array): void => {
      sink.write(bytes);
      if (options.clock.monotonicMs() - syncedAtMs >= SYNC_MS) sink.sync();
      tell();
    };
    try {
      if (from > 0) await begin(sink.head(IMAGE_HEADER_BYTES));
      if (transfer.aborted()) return () => undefined;
      for await (const piece of body) {
        if (transfer.aborted()) break;
        total += piece.length;
        if (transfer.writing) {
          write(piece);
        } else {
          head = Buffer.concat([head, piece]);
          if (head.length < IMAGE_HEADER_BYTES) continue;
          await begin(head.subarray(0, IMAGE_HEADER_BYTES));
          if (transfer.aborted()) break;
          write(head);
        }
        events.received(total);
      }
      if (transfer.writing && !transfer.aborted()) sink.finish();
    } catch (error) {
      if (transfer.writing && !transfer.aborted() && error instanceof TransferFailure && error.reason !== 'flash') {
        sink.sync();
        tell();
      }
      throw error;
    }
    return () => {
      events.complete(total);
    };
  };

  const run = async (wanted: DownloadRequest, transfer: Transfer): Promise<() => void> => {
    const { signal } = transfer.controller;
    const remainingMs = countdown(options.clock, options.downloadTimeoutMs);
    const response = await (options.open ?? openDownload)(wanted, { ...options, remainingMs, signal });
    const contentType = response.headers['content-type'] ?? '';
    const contentLength = contentLengthOf(response);
    try {
      const decided = decision(transfer);
      events.response({
        status: response.statusCode ?? 0,
        contentType,
        contentLength,
        etag: response.headers.etag ?? '',
        range: response.statusCode === 206 ? parseContentRange(response.headers['content-range']) : undefined,
      });
      await decided;
      if (signal.aborted) return () => undefined;
      const manifest = isManifest(contentType);
      // The core goes on after a 206 only when it asked for it.
      const from = response.statusCode === 206 ? wanted.resumeFrom : 0;
      const maxBytes = manifest ? MANIFEST_MAX_BYTES : wanted.maxBytes - from;
      const body = readBody(response, { ...options, remainingMs, maxBytes, signal });
      return await (manifest ? receiveManifest(body) : receiveImage(body, transfer, from));
    } finally {
      response.destroy();
    }
  };

  /** A failing sink is the flash's fault, and so is told from everything that the network does. */
  const settle = async (wanted: DownloadRequest, transfer: Transfer): Promise<void> => {
    let last: () => void = () => undefined;
    try {
      last = await run(wanted, transfer);
    } catch (error) {
      if (!(error instanceof TransferFailure)) {
        if (!transfer.aborted()) options.onFault(error);
      } else {
        last = () => {
          events.failed(error.reason);
        };
      }
    }
    if (transfer.aborted()) return;
    current = undefined;
    last();
  };

  const cut = (): Transfer | undefined => {
    const transfer = current;
    current = undefined;
    transfer?.controller.abort();
    transfer?.decide?.();
    return transfer;
  };

  return {
    start(wanted) {
      if (current !== undefined || !isHttps(wanted.url)) return false;
      const controller = new AbortController();
      const aborted = (): boolean => controller.signal.aborted;
      const transfer: Transfer = { controller, aborted, decide: undefined, writing: false };
      current = transfer;
      running = Promise.all([running, settle(wanted, transfer).catch(options.onFault)]);
      return true;
    },
    proceed() {
      current?.decide?.();
    },
    abort() {
      if (cut()?.writing === true) sink.discard();
    },
    async close() {
      cut();
      await running;
    },
  };
};
