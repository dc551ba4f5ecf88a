import { createHash } from 'node:crypto';
import { HeadObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { IMAGE_MEDIA_TYPE } from '@secure-esp/protocol';
import { OtaError } from '../../errors.js';
import { isSha256, type Release } from '../../update/release.js';
import type { FirmwareStore, StoredImage } from '../firmware-store.js';
import { checkRelease, encodeRelease } from '../release-record.js';
import { provesWriteOnce, writeOnce } from './conditional-write.js';
import { damagedImage, failed, statusOf } from './s3-error.js';
import { readS3Image } from './s3-image-reader.js';
import { S3Records } from './s3-records.js';

/** Where in S3 images and releases are kept. */
export interface S3FirmwareStoreOptions {
  /** Yours: with its region, endpoint, credentials, timeouts and number of connections. It is not closed here. */
  readonly client: S3Client;
  /** Must exist. */
  readonly bucket: string;
  /** In front of every key, with a slash at its end. Default: none. */
  readonly prefix?: string;
  /** Keys per listing request. Default: the service's, 1000. */
  readonly pageSize?: number;
}

const PREFIX = /^(?:[A-Za-z0-9!_.*'()-]+\/)*$/;
const MAX_PREFIX_BYTES = 512;

/**
 * Firmware in a bucket of S3, or of a service that speaks it, for any number of servers and publishers. Keys are those of
 * the file store: `images/<sha256>.bin` and `releases/<seq>.json`, and `write-once`, by which the first release of each process
 * proves that the service honours `If-None-Match: *`. On that rests the lock; a service that ignores it is refused.
 *
 * Every listing asks the bucket; a record is read once. The client needs `s3:GetObject`, `s3:PutObject` and `s3:ListBucket`. Beside
 * its timeouts there are none: give it `requestTimeout` and as many sockets as there are downloads at once.
 *
 * @throws OtaError `bad_option`
 */
export function createS3FirmwareStore(options: S3FirmwareStoreOptions): FirmwareStore {
  return new S3FirmwareStore(options);
}

class S3FirmwareStore implements FirmwareStore {
  readonly #client: S3Client;
  readonly #bucket: string;
  readonly #prefix: string;
  readonly #records: S3Records;
  #isProven = false;

  constructor({ client, bucket, prefix = '', pageSize }: S3FirmwareStoreOptions) {
    if (bucket === '') throw new OtaError('bad_option', 'bucket must name a bucket');
    if (prefix.length > MAX_PREFIX_BYTES || !PREFIX.test(prefix)) {
      throw new OtaError(
        'bad_option',
        'prefix must be like firmware/, with a slash at its end and none at its beginning',
      );
    }
    if (pageSize !== undefined && !(Number.isInteger(pageSize) && pageSize >= 1 && pageSize <= 1000)) {
      throw new OtaError('bad_option', 'pageSize must be a number from 1 to 1000');
    }
    this.#client = client;
    this.#bucket = bucket;
    this.#prefix = prefix;
    this.#records = new S3Records({ client, bucket, prefix: `${prefix}releases/`, pageSize });
  }

  async listReleases({ channel, signal }: { channel?: string; signal?: AbortSignal } = {}): Promise<
    readonly Release[]
  > {
    signal?.throwIfAborted();
    const releases = await this.#records.read(signal);
    return releases.filter((release) => channel === undefined || release.channel === channel);
  }

  async statImage({ sha256, signal }: { sha256: string; signal?: AbortSignal }): Promise<StoredImage | undefined> {
    signal?.throwIfAborted();
    if (!isSha256(sha256)) return undefined;
    try {
      const command = new HeadObjectCommand({ Bucket: this.#bucket, Key: this.#imageKey(sha256) });
      const { ContentLength: size } = await this.#client.send(command, abortOf(signal));
      return size === undefined ? undefined : { sha256, size };
    } catch (cause) {
      if (statusOf(cause) === 404) return undefined;
      throw failed('an image cannot be looked up', cause, signal);
    }
  }

  async *readImage(options: {
    sha256: string;
    start?: number;
    end?: number;
    signal?: AbortSignal;
  }): AsyncGenerator<Uint8Array> {
    const { sha256, start = 0, end, signal } = options;
    signal?.throwIfAborted();
    if (!isSha256(sha256)) throw damagedImage();
    const key = this.#imageKey(sha256);
    yield* readS3Image({ client: this.#client, bucket: this.#bucket, key, start, end, signal });
  }

  async putImage({ bytes, signal }: { bytes: Uint8Array; signal?: AbortSignal }): Promise<StoredImage> {
    signal?.throwIfAborted();
    const copy = new Uint8Array(bytes);
    const digest = createHash('sha256').update(copy).digest();
    const sha256 = digest.toString('hex');
    try {
      const command = new PutObjectCommand({
        Bucket: this.#bucket,
        Key: this.#imageKey(sha256),
        Body: copy,
        ContentLength: copy.length,
        ContentType: IMAGE_MEDIA_TYPE,
        // S3 refuses other bytes than these.
        ChecksumSHA256: digest.toString('base64'),
      });
      await this.#client.send(command, abortOf(signal));
    } catch (cause) {
      throw failed('the image cannot be stored', cause, signal);
    }
    return { sha256, size: copy.length };
  }

  async appendRelease({ release, signal }: { release: Release; signal?: AbortSignal }): Promise<void> {
    signal?.throwIfAborted();
    const record = checkRelease(release);
    const stored = await this.statImage({ sha256: record.sha256, ...(signal === undefined ? {} : { signal }) });
    if (stored?.size !== record.size) {
      throw new OtaError('bad_option', 'release.sha256 and release.size name no stored image');
    }
    const conflict = () => new OtaError('conflict', `release ${record.seq} is not the next one`);
    if (record.seq !== ((await this.#records.list(signal)).at(-1)?.seq ?? 0) + 1) throw conflict();
    let isOurs: boolean;
    try {
      await this.#prove(signal);
      isOurs = await writeOnce({
        ...this.#write(signal),
        key: this.#records.key(record.seq),
        text: encodeRelease(record),
        contentType: 'application/json',
      });
    } catch (cause) {
      throw failed('the release cannot be recorded', cause, signal);
    }
    if (!isOurs) throw conflict();
  }

  async #prove(signal: AbortSignal | undefined): Promise<void> {
    if (this.#isProven) return;
    const key = `${this.#prefix}write-once`;
    await provesWriteOnce({ ...this.#write(signal), key, text: 'never overwritten\n', contentType: 'text/plain' });
    this.#isProven = true;
  }

  #write(signal: AbortSignal | undefined) {
    return { client: this.#client, bucket: this.#bucket, signal };
  }

  #imageKey(sha256: string): string {
    return `${this.#prefix}images/${sha256}.bin`;
  }
}

const abortOf = (signal: AbortSignal | undefined): { readonly abortSignal?: AbortSignal } =>
  signal === undefined ? {} : { abortSignal: signal };
