import { createHash } from 'node:crypto';
import { inspect } from 'node:util';
import { DeleteObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { FIRMWARE_STORE_CASES } from '@secure-esp/ota-server/testing';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Release } from '../../src/index.js';
import { CHUNK_BYTES } from '../../src/stores/firmware-store.js';
import { encodeRelease } from '../../src/stores/release-record.js';
import { createS3FirmwareStore } from '../../src/stores/s3/index.js';
import { collect } from '../fixtures/bytes.js';
import { publish } from '../fixtures/firmware.js';
import { type S3Service, SECRETS, startS3Service } from '../fixtures/s3-service.js';
import { describeWith } from '../fixtures/tools.js';

const IMAGE = Buffer.alloc(150_001, 'firmware');
/** More than the buffers of a connection take. */
const UNBUFFERABLE = Buffer.alloc(32_000_000, 'firmware');
const sha256Of = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

const releaseOf = (seq: number, over: Partial<Release> = {}): Release => ({
  seq,
  channel: 'app',
  project: 'app',
  chip: 'esp32',
  version: `1.0.${seq}`,
  secureVersion: 0,
  size: IMAGE.length,
  sha256: sha256Of(IMAGE),
  image: 'a'.repeat(64),
  releasedAt: 1_700_000_000,
  ...over,
});

const RECORD = (seq: number) => `releases/${String(seq).padStart(10, '0')}.json`;

interface Sent {
  readonly command: string;
  readonly headers: Record<string, string>;
}

/** Notes what the client sends, after `change` had its way with the headers. */
function spyOn(client: S3Client, change: (headers: Record<string, string>) => void = () => undefined): Sent[] {
  const sent: Sent[] = [];
  client.middlewareStack.add(
    (next, { commandName = '' }) =>
      async (args) => {
        const { headers } = args.request as { headers: Record<string, string> };
        change(headers);
        sent.push({ command: commandName, headers: { ...headers } });
        return next(args);
      },
    { step: 'build', priority: 'low' },
  );
  return sent;
}

describeWith(['moto_server'], 'the S3 store', () => {
  let service: S3Service;
  let client: S3Client;
  beforeAll(async () => {
    service = await startS3Service();
    client = service.client();
  });
  afterAll(async () => {
    client.destroy();
    await service.close();
  });

  const ownClient: S3Service['client'] = (options) => {
    const own = service.client(options);
    onTestFinished(() => {
      own.destroy();
    });
    return own;
  };
  const storeIn = (bucket: string, own = client) => createS3FirmwareStore({ client: own, bucket });
  const put = (bucket: string, key: string, body: string | Uint8Array) =>
    client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body }));
  const keysIn = async (bucket: string) =>
    ((await client.send(new ListObjectsV2Command({ Bucket: bucket }))).Contents ?? []).map(({ Key }) => Key);

  describe('the contract of a firmware store', () => {
    for (const { name, run } of FIRMWARE_STORE_CASES) {
      it(name, () => run(async () => storeIn(await service.bucket())));
    }
  });

  it('keeps images and records under the names of the file store, below its prefix', async () => {
    const bucket = await service.bucket();
    const store = createS3FirmwareStore({ client, bucket, prefix: 'products/lamp/' });
    const release = await publish(store, { version: '1.0.0' });
    expect(await keysIn(bucket)).toEqual([
      `products/lamp/images/${release.sha256}.bin`,
      'products/lamp/releases/0000000001.json',
      'products/lamp/write-once',
    ]);
    expect(await storeIn(bucket).listReleases()).toEqual([]);
    const again = createS3FirmwareStore({ client, bucket, prefix: 'products/lamp/' });
    expect(await again.listReleases()).toEqual([release]);
  });

  it('lets S3 check what it stores', async () => {
    const own = ownClient();
    const sent = spyOn(own);
    await storeIn(await service.bucket(), own).putImage({ bytes: IMAGE });
    expect(sent).toMatchObject([
      {
        command: 'PutObjectCommand',
        headers: {
          'x-amz-checksum-sha256': createHash('sha256').update(IMAGE).digest('base64'),
          'content-type': 'application/octet-stream',
          'content-length': String(IMAGE.length),
        },
      },
    ]);
  });

  it('reads each record once, until another object takes its place', async () => {
    const bucket = await service.bucket();
    await storeIn(bucket).putImage({ bytes: IMAGE });
    const writer = storeIn(bucket);
    for (const seq of [1, 2, 3]) await writer.appendRelease({ release: releaseOf(seq) });
    const own = ownClient();
    const sent = spyOn(own);
    const reads = () => sent.filter(({ command }) => command === 'GetObjectCommand').length;
    const store = storeIn(bucket, own);
    for (let round = 0; round < 3; round += 1) expect(await store.listReleases()).toHaveLength(3);
    expect(reads()).toBe(3);
    const replaced = releaseOf(2, { channel: 'beta' });
    await put(bucket, RECORD(2), encodeRelease(replaced));
    expect(await store.listReleases({ channel: 'beta' })).toEqual([replaced]);
    expect(reads()).toBe(4);
    await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: RECORD(3) }));
    expect((await store.listReleases()).map(({ seq }) => seq)).toEqual([1, 2]);
  });

  it('lists all releases, however many pages they take', async () => {
    const bucket = await service.bucket();
    const store = createS3FirmwareStore({ client, bucket, pageSize: 2 });
    await store.putImage({ bytes: IMAGE });
    for (const seq of [1, 2, 3, 4, 5]) await store.appendRelease({ release: releaseOf(seq) });
    expect((await store.listReleases()).map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5]);
    await expect(store.appendRelease({ release: releaseOf(3) })).rejects.toMatchObject({ code: 'conflict' });
  });

  it('lists more than the 1000 of one answer, and appends behind them', async () => {
    const bucket = await service.bucket();
    const store = storeIn(bucket);
    await store.putImage({ bytes: IMAGE });
    const seqs = Array.from({ length: 1005 }, (_, index) => index + 1);
    for (let at = 0; at < seqs.length; at += 50) {
      const some = seqs.slice(at, at + 50);
      await Promise.all(some.map((seq) => put(bucket, RECORD(seq), encodeRelease(releaseOf(seq)))));
    }
    expect((await store.listReleases()).map(({ seq }) => seq)).toEqual(seqs);
    await store.appendRelease({ release: releaseOf(1006) });
    expect((await store.listReleases()).at(-1)).toEqual(releaseOf(1006));
  });

  it('gives publishers in several processes distinct numbers', async () => {
    const bucket = await service.bucket();
    const versions = Array.from({ length: 5 }, (_, index) => ({ version: '1.0.0', project: `app${index}` }));
    const releases = await Promise.all(versions.map((image) => publish(storeIn(bucket, ownClient()), image)));
    expect(releases.map(({ seq }) => seq).sort()).toEqual([1, 2, 3, 4, 5]);
    expect(await storeIn(bucket).listReleases()).toHaveLength(5);
  });

  it('lets one of two writers who saw the same state have the number', async () => {
    const bucket = await service.bucket();
    const stores = [storeIn(bucket, ownClient()), storeIn(bucket, ownClient())];
    await storeIn(bucket).putImage({ bytes: IMAGE });
    for (let seq = 1; seq <= 5; seq += 1) {
      const results = await Promise.allSettled(stores.map((store) => store.appendRelease({ release: releaseOf(seq) })));
      expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      const lost = results.find((result) => result.status === 'rejected');
      expect(lost?.reason).toMatchObject({ code: 'conflict' });
    }
  });

  it('knows its own release when the answer to it got lost and the client asked again', async () => {
    const bucket = await service.bucket();
    const own = ownClient();
    const store = storeIn(bucket, own);
    await store.putImage({ bytes: IMAGE });
    let lost = 0;
    own.middlewareStack.add(
      (next) => async (args) => {
        const result = await next(args);
        const { method, path } = args.request as { method: string; path: string };
        if (method === 'PUT' && path.endsWith('.json') && lost === 0) {
          lost += 1;
          throw Object.assign(new Error('socket hang up'), { name: 'TimeoutError', code: 'ECONNRESET' });
        }
        return result;
      },
      { step: 'deserialize', priority: 'low' },
    );
    await store.appendRelease({ release: releaseOf(1) });
    expect(lost).toBe(1);
    expect(await store.listReleases()).toEqual([releaseOf(1)]);
    await expect(storeIn(bucket).appendRelease({ release: releaseOf(1) })).rejects.toMatchObject({ code: 'conflict' });
  });

  it.each([
    ['has ended', true],
    ['goes on', false],
  ])('takes a simultaneous write (409) that %s for a lost race', async (_name, hasEnded) => {
    const bucket = await service.bucket();
    const own = ownClient();
    const store = storeIn(bucket, own);
    await store.putImage({ bytes: IMAGE });
    own.middlewareStack.add(
      (next) => async (args) => {
        const { method, path } = args.request as { method: string; path: string };
        if (method !== 'PUT' || !path.endsWith('.json')) return next(args);
        if (hasEnded) await put(bucket, RECORD(1), encodeRelease(releaseOf(1, { version: '2.0.0' })));
        throw Object.assign(new Error('busy'), {
          name: 'ConditionalRequestConflict',
          $metadata: { httpStatusCode: 409 },
        });
      },
      { step: 'finalizeRequest', priority: 'high' },
    );
    await expect(store.appendRelease({ release: releaseOf(1) })).rejects.toMatchObject({ code: 'conflict' });
    expect(await store.listReleases()).toHaveLength(hasEnded ? 1 : 0);
  });

  it('refuses a service that overwrites in spite of If-None-Match, before it releases anything', async () => {
    const bucket = await service.bucket();
    const own = ownClient();
    spyOn(own, (headers) => {
      delete headers['if-none-match'];
    });
    const store = storeIn(bucket, own);
    await store.putImage({ bytes: IMAGE });
    for (let attempt = 0; attempt < 2; attempt += 1) {
      const appending = store.appendRelease({ release: releaseOf(1) });
      await expect(appending).rejects.toMatchObject({
        code: 'store_failed',
        message: expect.stringContaining('If-None-Match') as string,
      });
    }
    expect(await store.listReleases()).toEqual([]);
  });

  it('says so when a service ignores ranges', async () => {
    const bucket = await service.bucket();
    const own = ownClient();
    spyOn(own, (headers) => {
      delete headers['range'];
    });
    const store = storeIn(bucket, own);
    const { sha256 } = await store.putImage({ bytes: IMAGE });
    for (const range of [{ start: 5 }, { start: 0, end: 9 }]) {
      await expect(collect(store.readImage({ sha256, ...range }))).rejects.toMatchObject({ code: 'store_failed' });
    }
  });

  it.each([
    ['cut short', (text: string) => text.slice(0, 40)],
    ['empty', () => ''],
    ['of a later format', (text: string) => text.replace('"format": 1', '"format": 2')],
    ['renumbered', (text: string) => text.replace('"seq": 1', '"seq": 7')],
    ['longer than any', (text: string) => text + ' '.repeat(70_000)],
  ])('says so when a record is %s', async (_name, damage) => {
    const bucket = await service.bucket();
    await put(bucket, RECORD(1), damage(encodeRelease(releaseOf(1))));
    await expect(storeIn(bucket).listReleases()).rejects.toMatchObject({ code: 'store_damaged' });
  });

  it('ignores objects that are not its own', async () => {
    const bucket = await service.bucket();
    const store = storeIn(bucket);
    const first = await publish(store, {});
    for (const name of ['README', '1.json', '0000000002.json.bak', 'old/0000000002.json']) {
      await put(bucket, `releases/${name}`, 'x');
    }
    expect(await store.listReleases()).toEqual([first]);
    expect((await publish(store, { version: '2.0.0' })).seq).toBe(2);
  });

  it('notices an image that lost bytes, and heals it when it is stored again', async () => {
    const bucket = await service.bucket();
    const store = storeIn(bucket);
    const { sha256, size } = await store.putImage({ bytes: IMAGE });
    await put(bucket, `images/${sha256}.bin`, IMAGE.subarray(0, 500));
    for (const range of [{ end: size - 1 }, { start: 400, end: 500 }, { start: 500 }]) {
      await expect(collect(store.readImage({ sha256, ...range }))).rejects.toMatchObject({ code: 'store_damaged' });
    }
    await store.putImage({ bytes: IMAGE });
    expect((await collect(store.readImage({ sha256 }))).equals(IMAGE)).toBe(true);
  });

  it('gives its connection back when a reader stops early, is aborted, fails, or never begins', async () => {
    const own = ownClient({ requestHandler: { httpAgent: { maxSockets: 1 }, httpsAgent: { maxSockets: 1 } } });
    const store = storeIn(await service.bucket(), own);
    const { sha256, size } = await store.putImage({ bytes: UNBUFFERABLE });
    const deadline = AbortSignal.timeout(30_000);
    const isFree = async () => {
      expect(await store.statImage({ sha256, signal: deadline })).toEqual({ sha256, size });
    };
    for (const range of [{}, { start: 1000 }, { start: 1000, end: size - 1 }]) {
      for await (const chunk of store.readImage({ sha256, ...range })) {
        expect(chunk.length).toBeLessThanOrEqual(CHUNK_BYTES);
        break;
      }
      await isFree();
      const controller = new AbortController();
      const reading = (async () => {
        for await (const chunk of store.readImage({ sha256, ...range, signal: controller.signal })) {
          expect(chunk.length).toBeGreaterThan(0);
          controller.abort();
        }
      })();
      await expect(reading).rejects.toMatchObject({ name: 'AbortError' });
      await isFree();
      await expect(collect(store.readImage({ sha256, start: 5, end: size }))).rejects.toMatchObject({
        code: 'store_damaged',
      });
      store.readImage({ sha256, ...range });
      await isFree();
    }
  });

  it('fails when the service dies in the middle of an image, and tells no secret', async () => {
    const dying = await startS3Service();
    onTestFinished(() => dying.close());
    const own = dying.client({ maxAttempts: 1 });
    onTestFinished(() => {
      own.destroy();
    });
    const store = storeIn(await dying.bucket(), own);
    const { sha256 } = await store.putImage({ bytes: UNBUFFERABLE });
    let bytes = 0;
    const reading = (async () => {
      for await (const chunk of store.readImage({ sha256, start: 0, end: UNBUFFERABLE.length - 1 })) {
        if (bytes === 0) await dying.close();
        bytes += chunk.length;
      }
    })();
    const error: unknown = await reading.catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'store_failed', cause: expect.any(Error) as Error });
    expect([bytes > 0, bytes < UNBUFFERABLE.length]).toEqual([true, true]);
    const afterwards: unknown = await store.listReleases().catch((reason: unknown) => reason);
    expect(afterwards).toMatchObject({ code: 'store_failed', cause: { code: 'ECONNREFUSED' } });
    const logged = inspect([error, afterwards], { depth: 20 });
    for (const secret of [...Object.values(SECRETS), 'Signature=']) expect(logged).not.toContain(secret);
  });

  it('names what is wrong with a bucket that does not exist', async () => {
    const store = storeIn('no-such-bucket');
    const failure = { code: 'store_failed', message: expect.stringContaining('(NoSuchBucket)') as string };
    await expect(store.listReleases()).rejects.toMatchObject(failure);
    await expect(store.putImage({ bytes: IMAGE })).rejects.toMatchObject(failure);
    await expect(collect(store.readImage({ sha256: 'a'.repeat(64) }))).rejects.toMatchObject(failure);
    expect(await store.statImage({ sha256: 'a'.repeat(64) })).toBeUndefined();
  });

  it('fails, and tells no secret, where it has no permission', async () => {
    const closed = await startS3Service({ deniesAfter: 1 });
    onTestFinished(() => closed.close());
    const bucket = await closed.bucket();
    const own = closed.client();
    onTestFinished(() => {
      own.destroy();
    });
    const store = storeIn(bucket, own);
    const attempts: (() => Promise<unknown>)[] = [
      () => store.listReleases(),
      () => store.statImage({ sha256: 'a'.repeat(64) }),
      () => store.putImage({ bytes: IMAGE }),
      () => store.appendRelease({ release: releaseOf(1) }),
      () => collect(store.readImage({ sha256: 'a'.repeat(64) })),
    ];
    for (const attempt of attempts) {
      const error: unknown = await attempt().catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code: 'store_failed', cause: { $metadata: { httpStatusCode: 403 } } });
      // as a program would log it
      const logged = inspect(error, { depth: 20 });
      expect(logged).not.toContain(SECRETS.secretAccessKey);
      expect(logged).not.toContain('Signature=');
      expect((error as Error).message).toMatch(/\((?:InvalidAccessKeyId|HTTP 403)\)$/);
      expect((error as Error).message).not.toContain(SECRETS.accessKeyId);
    }
  });
});

describe('the options of the S3 store', () => {
  const client = new S3Client({ region: 'us-east-1' });
  it.each([
    ['bucket', { bucket: '' }],
    ['prefix', { prefix: 'firmware' }],
    ['prefix', { prefix: '/firmware/' }],
    ['prefix', { prefix: 'a//b/' }],
    ['prefix', { prefix: 'a b/' }],
    ['prefix', { prefix: `${'p'.repeat(512)}/` }],
    ['pageSize', { pageSize: 0 }],
    ['pageSize', { pageSize: 1001 }],
  ])('are checked: %s in %j', (name, over) => {
    expect(() => createS3FirmwareStore({ client, bucket: 'firmware', ...over })).toThrow(
      expect.objectContaining({ code: 'bad_option', message: expect.stringContaining(name) as string }),
    );
  });
});
