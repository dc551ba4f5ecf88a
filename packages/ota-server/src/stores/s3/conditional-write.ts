import { randomUUID } from 'node:crypto';
import { HeadObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { OtaError } from '../../errors.js';
import { nameOf, statusOf } from './s3-error.js';

export interface ConditionalWrite {
  readonly client: S3Client;
  readonly bucket: string;
  readonly key: string;
  readonly text: string;
  readonly contentType: string;
  readonly signal: AbortSignal | undefined;
}

const WRITER = 'writer';

/** 412: the key exists. 409: somebody else is writing it at this moment. */
const isTaken = (error: unknown): boolean => statusOf(error) === 412 || nameOf(error) === 'ConditionalRequestConflict';

/**
 * Writes a key that does not exist yet; `false` when it does. The lock of the store: of two writers S3 lets one through
 * (`If-None-Match: *`).
 *
 * The client repeats a request whose answer got lost, and is then refused by its own first attempt: the object says who wrote it.
 */
export async function writeOnce(write: ConditionalWrite): Promise<boolean> {
  const { client, bucket, key, text, contentType, signal } = write;
  const writer = randomUUID();
  const options = signal === undefined ? {} : { abortSignal: signal };
  try {
    await client.send(
      new PutObjectCommand({
        Bucket: bucket,
        Key: key,
        Body: text,
        ContentType: contentType,
        Metadata: { [WRITER]: writer },
        IfNoneMatch: '*',
      }),
      options,
    );
    return true;
  } catch (cause) {
    if (!isTaken(cause)) throw cause;
    return (await writerOf(write)) === writer;
  }
}

/** `undefined` when there is no such key: a simultaneous write need not have ended. */
async function writerOf({ client, bucket, key, signal }: ConditionalWrite): Promise<string | undefined> {
  try {
    const command = new HeadObjectCommand({ Bucket: bucket, Key: key });
    const { Metadata: metadata } = await client.send(command, signal === undefined ? {} : { abortSignal: signal });
    return metadata?.[WRITER];
  } catch (cause) {
    if (statusOf(cause) === 404) return undefined;
    throw cause;
  }
}

/**
 * Proves that the service honours `If-None-Match`, by a key that is written once and refused ever after. One that ignores it
 * would let two publishers take the same number, and lose a release.
 *
 * @throws OtaError `store_failed` when it does not
 */
export async function provesWriteOnce(write: ConditionalWrite): Promise<void> {
  // The first attempt may make the key, the second must be refused.
  if (!(await writeOnce(write)) || !(await writeOnce(write))) return;
  throw new OtaError(
    'store_failed',
    'the S3 service overwrites objects in spite of If-None-Match: two publishers could overwrite each other, nothing is released',
  );
}
