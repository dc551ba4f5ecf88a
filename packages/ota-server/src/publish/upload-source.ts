import { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { ReadableStream } from 'node:stream/web';
import { OtaError } from '../errors.js';

/** One reader for every kind of source: the ways to end one early differ. */
export interface UploadSource {
  next(): Promise<IteratorResult<unknown, unknown>>;
  /** Ends the source, also while a `next()` is waiting. Does not read what is left. */
  end(): void;
}

const ignore = (): undefined => undefined;

/** @throws OtaError `bad_option` */
export function openSource(image: AsyncIterable<Uint8Array>): UploadSource {
  if (image instanceof Readable) return fromNodeStream(image);
  if (image instanceof ReadableStream) return fromWebStream(image);
  if (typeof (image as Partial<typeof image> | undefined)?.[Symbol.asyncIterator] !== 'function') {
    throw new OtaError('bad_option', 'image must be a Uint8Array or an async iterable of them');
  }
  const iterator = image[Symbol.asyncIterator]();
  return {
    next: () => iterator.next(),
    end: () => void iterator.return?.().then(ignore, ignore),
  };
}

function fromNodeStream(stream: Readable): UploadSource {
  const iterator: AsyncIterator<unknown> = stream.iterator({ destroyOnReturn: false });
  return {
    next: () => iterator.next(),
    end: () => {
      void iterator.return?.().then(ignore, ignore);
      // Destroying a request closes its socket, and the reply that says why could not be sent.
      if (!(stream instanceof IncomingMessage)) stream.destroy();
    },
  };
}

function fromWebStream(stream: ReadableStream<unknown>): UploadSource {
  if (stream.locked) throw new OtaError('bad_option', 'image is a stream that somebody else reads');
  const reader = stream.getReader();
  return {
    next: async () => {
      const { done, value } = await reader.read();
      return done ? { done: true, value: undefined } : { done: false, value };
    },
    end: () => void reader.cancel().then(ignore, ignore),
  };
}
