import type { IncomingMessage } from 'node:http';
import type { SecureContext } from 'node:tls';
import { MANIFEST_MAX_BYTES, MANIFEST_MEDIA_TYPE } from '@secure-esp/protocol';
import { readBody } from './body-reader.js';
import { countdown, type Clock } from './clock.js';
import { openDownload, type DownloadRequest } from './download-request.js';
import { TransferFailure, type TransferReason } from './transfer-failure.js';

/** Bytes of an image that the core sees before anything is written. */
export const IMAGE_HEADER_BYTES = 288;

/** Where an accepted image goes. Throwing means that the flash failed. */
export interface ImageSink {
  begin(): void;
  write(bytes: Uint8Array): void;
  finish(): void;
  /** The image is incomplete and must not boot. */
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
  }): void;
  manifest(jws: Uint8Array): void;
  imageHeader(bytes: Uint8Array): void;
  progress(bytes: number): void;
  complete(bytes: number): void;
  failed(reason: TransferReason): void;
}

/** One transfer at a time. After `response` and `imageHeader` it waits for `proceed` or `abort`. */
export interface Downloader {
  /** @returns false when a transfer is under way or the URL is not an https one */
  start(request: DownloadRequest): boolean;
  proceed(): void;
  /** Ends the transfer and makes what it wrote unbootable. */
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

  const receiveImage = async (body: AsyncIterable<Uint8Array>, transfer: Transfer): Promise<() => void> => {
    let head = Buffer.alloc(0);
    let total = 0;
    for await (const piece of body) {
      if (transfer.aborted()) break;
      total += piece.length;
      if (transfer.writing) {
        sink.write(piece);
      } else {
        head = Buffer.concat([head, piece]);
        if (head.length < IMAGE_HEADER_BYTES) continue;
        const decided = decision(transfer);
        events.imageHeader(head.subarray(0, IMAGE_HEADER_BYTES));
        await decided;
        if (transfer.aborted()) break;
        transfer.writing = true;
        sink.begin();
        sink.write(head);
      }
      events.progress(total);
    }
    if (transfer.writing && !transfer.aborted()) sink.finish();
    return () => {
      events.complete(total);
    };
  };

  const run = async (wanted: DownloadRequest, transfer: Transfer): Promise<() => void> => {
    const { signal } = transfer.controller;
    const remainingMs = countdown(options.clock, options.downloadTimeoutMs);
    const response = await openDownload(wanted, { ...options, remainingMs, signal });
    const contentType = response.headers['content-type'] ?? '';
    const contentLength = contentLengthOf(response);
    try {
      const decided = decision(transfer);
      events.response({
        status: response.statusCode ?? 0,
        contentType,
        contentLength,
        etag: response.headers.etag ?? '',
      });
      await decided;
      if (signal.aborted) return () => undefined;
      const manifest = isManifest(contentType);
      const maxBytes = manifest ? MANIFEST_MAX_BYTES : wanted.maxBytes;
      const body = readBody(response, { ...options, remainingMs, maxBytes, signal });
      return await (manifest ? receiveManifest(body) : receiveImage(body, transfer));
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
        if (transfer.writing && !transfer.aborted()) sink.discard();
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
