import { setMaxListeners } from 'node:events';
import { GetObjectCommand, ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3';
import { OtaError } from '../../errors.js';
import type { Release } from '../../update/release.js';
import { decodeRelease } from '../release-record.js';
import { isObjectBody, readText } from './object-body.js';
import { failed } from './s3-error.js';

/** A record as the bucket's listing shows it. */
export interface ListedRecord {
  readonly seq: number;
  readonly key: string;
  readonly etag: string;
}

const RECORD_NAME = /^([0-9]{10})\.json$/;
const MAX_RECORD_BYTES = 64 * 1024;
const READS_AT_ONCE = 16;

export interface S3RecordsOptions {
  readonly client: S3Client;
  readonly bucket: string;
  /** Of the records' keys, with the final slash. */
  readonly prefix: string;
  /** Keys per listing request. Default: the service's, 1000. */
  readonly pageSize?: number | undefined;
}

/** The release records of a bucket. Each is read once: its ETag in the listing tells whether it is still the same. */
export class S3Records {
  readonly #options: S3RecordsOptions;
  readonly #known = new Map<number, { readonly etag: string; readonly release: Release }>();

  constructor(options: S3RecordsOptions) {
    this.#options = options;
  }

  key(seq: number): string {
    return `${this.#options.prefix}${String(seq).padStart(10, '0')}.json`;
  }

  /** In order of their numbers, which S3 lists in byte order as promised; other services are sorted here. */
  async list(signal: AbortSignal | undefined): Promise<ListedRecord[]> {
    const { client, bucket, prefix, pageSize } = this.#options;
    const records: ListedRecord[] = [];
    let token: string | undefined;
    try {
      do {
        const page = await client.send(
          new ListObjectsV2Command({
            Bucket: bucket,
            Prefix: prefix,
            ...(token === undefined ? {} : { ContinuationToken: token }),
            ...(pageSize === undefined ? {} : { MaxKeys: pageSize }),
          }),
          { ...(signal === undefined ? {} : { abortSignal: signal }) },
        );
        for (const { Key: key = '', ETag: etag = '', Size: size = 0 } of page.Contents ?? []) {
          const number = RECORD_NAME.exec(key.slice(prefix.length))?.[1];
          if (number === undefined) continue;
          if (size > MAX_RECORD_BYTES) throw tooLong(Number(number));
          records.push({ seq: Number(number), key, etag });
        }
        token = page.IsTruncated === true ? page.NextContinuationToken : undefined;
      } while (token !== undefined);
    } catch (cause) {
      throw failed('the releases cannot be listed', cause, signal);
    }
    return records.sort((a, b) => a.seq - b.seq);
  }

  /** All releases, in order. What is read is bounded: 16 records at once, 64 KiB each. */
  async read(signal: AbortSignal | undefined): Promise<Release[]> {
    const listed = await this.list(signal);
    const releases = new Array<Release>(listed.length);
    const queue = listed.entries();
    const controller = new AbortController();
    const stop = signal === undefined ? controller.signal : AbortSignal.any([signal, controller.signal]);
    // Each request listens to it; Node.js warns at eleven.
    setMaxListeners(0, stop);
    const worker = async () => {
      for (const [index, record] of queue) releases[index] = await this.#release(record, stop);
    };
    try {
      await Promise.all(Array.from({ length: Math.min(READS_AT_ONCE, listed.length) }, worker));
    } catch (cause) {
      throw failed('a release record cannot be read', cause, signal);
    } finally {
      // The other workers need not go on after the first failure.
      controller.abort();
    }
    return releases;
  }

  async #release({ seq, key, etag }: ListedRecord, abortSignal: AbortSignal): Promise<Release> {
    const known = this.#known.get(seq);
    if (known !== undefined && known.etag === etag) return known.release;
    const { client, bucket } = this.#options;
    const release = await readRecord(client, { bucket, key, seq, abortSignal });
    this.#known.set(seq, { etag, release });
    return release;
  }
}

async function readRecord(
  client: S3Client,
  options: { readonly bucket: string; readonly key: string; readonly seq: number; readonly abortSignal: AbortSignal },
): Promise<Release> {
  const { bucket, key, seq, abortSignal } = options;
  try {
    const { Body: body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }), { abortSignal });
    if (!isObjectBody(body)) throw new OtaError('store_failed', 'the client gives no stream of Node.js');
    const text = await readText(body, MAX_RECORD_BYTES);
    if (text === undefined) throw tooLong(seq);
    return decodeRelease(text, seq);
  } catch (cause) {
    throw failed(`the record of release ${seq} cannot be read`, cause, abortSignal);
  }
}

const tooLong = (seq: number): OtaError => new OtaError('store_damaged', `the record of release ${seq} is too long`);
