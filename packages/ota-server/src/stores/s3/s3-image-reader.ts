import { GetObjectCommand, type GetObjectCommandOutput, type S3Client } from '@aws-sdk/client-s3';
import { OtaError } from '../../errors.js';
import { isObjectBody, type ObjectBody, pieces } from './object-body.js';
import { damagedImage, failed, nameOf, statusOf } from './s3-error.js';

export interface S3ImageRead {
  readonly client: S3Client;
  readonly bucket: string;
  readonly key: string;
  readonly start: number;
  /** Inclusive. Default: to the end of the object. */
  readonly end: number | undefined;
  readonly signal: AbortSignal | undefined;
}

const PROBLEM = 'an image cannot be read';

/** The bytes of an object as they arrive. The request is sent when the first piece is asked for, and cut with the loop. */
export async function* readS3Image(read: S3ImageRead): AsyncGenerator<Uint8Array> {
  const { signal } = read;
  const controller = new AbortController();
  const abort = () => {
    controller.abort();
  };
  signal?.throwIfAborted();
  signal?.addEventListener('abort', abort, { once: true });
  try {
    const { body, length } = await open(read, controller.signal);
    let missing = length;
    for await (const chunk of body) {
      for (const piece of pieces(chunk)) {
        signal?.throwIfAborted();
        missing -= piece.length;
        yield piece;
      }
    }
    if (missing !== 0) throw damagedImage();
  } catch (cause) {
    throw failed(PROBLEM, cause, signal);
  } finally {
    signal?.removeEventListener('abort', abort);
    // Ends the response, and with it its socket, where the loop was left early; does nothing after its end.
    abort();
  }
}

async function open(
  { client, bucket, key, start, end, signal }: S3ImageRead,
  abortSignal: AbortSignal,
): Promise<{ readonly body: ObjectBody; readonly length: number }> {
  const whole = start === 0 && end === undefined;
  const range = whole ? {} : { Range: `bytes=${start}-${end ?? ''}` };
  let object: GetObjectCommandOutput;
  try {
    object = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key, ...range }), { abortSignal });
  } catch (cause) {
    const isMissing = nameOf(cause) === 'NoSuchKey' || statusOf(cause) === 416;
    throw isMissing ? damagedImage(cause) : failed(PROBLEM, cause, signal);
  }
  const { Body: body, ContentLength: length, ContentRange: contentRange } = object;
  if (!isObjectBody(body) || length === undefined) {
    throw new OtaError('store_failed', `${PROBLEM}: the client gives no stream of Node.js, or no length`);
  }
  if (!whole && contentRange?.startsWith(`bytes ${start}-`) !== true) {
    body.destroy();
    throw new OtaError('store_failed', `${PROBLEM}: the service does not honour ranges`);
  }
  // A range beyond the end is cut short by the service: the promise is all of it or nothing.
  if (end !== undefined && length !== end - start + 1) {
    body.destroy();
    throw damagedImage();
  }
  return { body, length };
}
