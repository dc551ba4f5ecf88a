import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readdir, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { ReadableStream } from 'node:stream/web';
import { describe, expect, it, vi } from 'vitest';
import {
  createMemoryFirmwareStore,
  type FirmwareStore,
  publishRelease,
  type PublishReleaseOptions,
} from '../../src/index.js';
import { collect } from '../fixtures/bytes.js';
import { manifestSigner, NOW, ORIGIN, publish, signedImage, trusted } from '../fixtures/firmware.js';
import { manualTimers } from '../fixtures/manual-timers.js';
import { temporaryDirectory } from '../fixtures/temporary-directory.js';

const image = await signedImage();
const BASE = { trusted, signer: manifestSigner, url: ORIGIN, now: () => NOW };

interface Source extends AsyncIterable<Uint8Array> {
  readonly given: number;
  readonly returned: boolean;
}

/** `bytes` in pieces of `size`; knows how much was taken and whether it was ended early. */
function sourceOf(bytes: Uint8Array, size = 1000, fail?: Error): Source {
  const seen = { given: 0, returned: false };
  return {
    [Symbol.asyncIterator]: () => ({
      next: () => {
        const value = bytes.subarray(seen.given, seen.given + size);
        if (value.length === 0 && fail !== undefined) return Promise.reject(fail);
        if (value.length === 0) return Promise.resolve({ done: true as const, value: undefined });
        seen.given += value.length;
        return Promise.resolve({ done: false as const, value });
      },
      return: () => {
        seen.returned = true;
        return Promise.resolve({ done: true as const, value: undefined });
      },
    }),
    get given() {
      return seen.given;
    },
    get returned() {
      return seen.returned;
    },
  };
}

async function upload(over: Partial<PublishReleaseOptions> & Pick<PublishReleaseOptions, 'image'>) {
  const store: FirmwareStore = over.store ?? createMemoryFirmwareStore();
  const stagingDir = over.stagingDir ?? (await temporaryDirectory());
  const attempt = publishRelease({ ...BASE, store, stagingDir, ...over });
  return { store, stagingDir, attempt };
}

/** What a refused upload left: nothing. */
async function expectNothingLeft({ store, stagingDir }: { store: FirmwareStore; stagingDir: string }): Promise<void> {
  expect(await store.listReleases()).toEqual([]);
  expect(await store.statImage({ sha256: createHash('sha256').update(image).digest('hex') })).toBeUndefined();
  expect(await readdir(stagingDir)).toEqual([]);
}

describe('publishRelease with a stream', () => {
  it('releases what came, from a file, a Node stream, a web stream and any async iterable', async () => {
    const dir = await temporaryDirectory();
    await writeFile(join(dir, 'app.bin'), image);
    const sources: readonly AsyncIterable<Uint8Array>[] = [
      createReadStream(join(dir, 'app.bin'), { highWaterMark: 100 }),
      Readable.from([image.subarray(0, 1), image.subarray(1)]),
      new ReadableStream<Uint8Array>({
        start: (controller) => {
          controller.enqueue(image);
          controller.close();
        },
      }),
      sourceOf(image, 33),
    ];
    for (const source of sources) {
      const { store, stagingDir, attempt } = await upload({ image: source });
      const { sha256, size } = await attempt;
      expect(size).toBe(image.length);
      expect((await collect(store.readImage({ sha256 }))).equals(image)).toBe(true);
      expect(await readdir(stagingDir)).toEqual([]);
    }
  });

  it.each([
    ['not_an_image', 1, Uint8Array.from([0x7f, ...image.subarray(1)]), {}],
    ['wrong_chip', 288, image, { chip: 'esp32s3' as const }],
    ['too_large', 1001, image, { maxImageBytes: 1000 }],
  ])('refuses %s at byte %i, ends the source and leaves nothing', async (code, after, bytes, over) => {
    const source = sourceOf(bytes, 1);
    const { store, stagingDir, attempt } = await upload({ image: source, ...over });
    await expect(attempt).rejects.toMatchObject({ name: 'OtaError', code });
    expect(source.given).toBe(after);
    expect(source.returned).toBe(true);
    await expectNothingLeft({ store, stagingDir });
  });

  it.each([
    ['truncated', image.subarray(0, 200)],
    ['truncated', new Uint8Array()],
    ['bad_hash', Uint8Array.from(image, (byte, at) => (at === 325 || at === 327 ? byte ^ 1 : byte))],
  ])('refuses %s at the end', async (code, bytes) => {
    const { attempt, ...left } = await upload({ image: sourceOf(bytes) });
    await expect(attempt).rejects.toMatchObject({ code });
    await expectNothingLeft(left);
  });

  it('is aborted when the source fails at any chunk, with the cause, and publishes the next time', async () => {
    const cause = new Error('reset by peer');
    for (let cut = 0; cut < image.length; cut += 97) {
      const { attempt, ...left } = await upload({ image: sourceOf(image.subarray(0, cut), 50, cause) });
      await expect(attempt).rejects.toMatchObject({ code: 'upload_aborted', cause });
      await expectNothingLeft(left);
    }
    const { attempt } = await upload({ image: sourceOf(image) });
    expect(await attempt).toMatchObject({ seq: 1 });
  });

  it('ends Node and web streams that it refuses', async () => {
    const node = new PassThrough();
    node.write('hello');
    const { attempt } = await upload({ image: node });
    await expect(attempt).rejects.toMatchObject({ code: 'not_an_image' });
    expect(node.destroyed).toBe(true);
    const cancelled = vi.fn();
    const web = new ReadableStream<Uint8Array>({
      start: (controller) => {
        controller.enqueue(Buffer.from('hello'));
      },
      cancel: cancelled,
    });
    await expect((await upload({ image: web })).attempt).rejects.toMatchObject({ code: 'not_an_image' });
    expect(cancelled).toHaveBeenCalledOnce();
  });

  it.each(['idle', 'whole'])('gives up at the %s limit, also when the source never answers', async (limit) => {
    for (const stuck of [
      new PassThrough(),
      new ReadableStream<Uint8Array>({}),
      { [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => undefined) }) },
    ]) {
      const timers = manualTimers();
      if (stuck instanceof PassThrough) stuck.write(image.subarray(0, 300));
      const { attempt, ...left } = await upload({
        image: stuck,
        timers,
        uploadTimeoutMs: 9000,
        uploadIdleTimeoutMs: 50,
      });
      await vi.waitUntil(() => timers.pending.includes(50));
      timers.fire(limit === 'idle' ? 50 : 9000);
      await expect(attempt).rejects.toMatchObject({ code: 'upload_stalled' });
      expect(timers.pending).toEqual([]);
      if (stuck instanceof PassThrough) expect(stuck.destroyed).toBe(true);
      await expectNothingLeft(left);
    }
  });

  it('stops when the caller wants, before, in the middle and in the queue', async () => {
    const early = await upload({ image: sourceOf(image), signal: AbortSignal.abort() });
    await expect(early.attempt).rejects.toMatchObject({ name: 'AbortError' });
    const control = new AbortController();
    const stream = new PassThrough();
    const { attempt, ...left } = await upload({ image: stream, signal: control.signal });
    stream.write(image.subarray(0, 400));
    await vi.waitUntil(() => stream.readableLength === 0);
    control.abort();
    await expect(attempt).rejects.toMatchObject({ name: 'AbortError' });
    expect(stream.destroyed).toBe(true);
    await expectNothingLeft(left);

    // The first holds the turn until it is let go.
    let letGo: () => void = () => undefined;
    let holds = false;
    const slow: FirmwareStore = {
      ...createMemoryFirmwareStore(),
      putImage: () =>
        new Promise((_resolve, reject) => {
          holds = true;
          letGo = () => {
            reject(new Error('let go'));
          };
        }),
    };
    const first = await upload({ image: sourceOf(image), store: slow });
    const firstEnd = expect(first.attempt).rejects.toThrow('let go');
    await vi.waitUntil(() => holds);
    const waiting = new AbortController();
    const second = await upload({ image: sourceOf(image), signal: waiting.signal });
    const third = await upload({ image: sourceOf(image) });
    waiting.abort();
    await expect(second.attempt).rejects.toMatchObject({ name: 'AbortError' });
    expect(await readdir(second.stagingDir)).toEqual([]);
    letGo();
    await firstEnd;
    expect(await third.attempt).toMatchObject({ seq: 1 });
  });

  it('judges one image at a time, however many arrive at once', async () => {
    let running = 0;
    let most = 0;
    const inner = createMemoryFirmwareStore();
    const store: FirmwareStore = {
      ...inner,
      putImage: async (options) => {
        running += 1;
        most = Math.max(most, running);
        await new Promise((resolve) => setImmediate(resolve));
        running -= 1;
        return inner.putImage(options);
      },
    };
    const versions = Array.from({ length: 20 }, (_, index) => `1.${index}.0`);
    const images = await Promise.all(versions.map((version) => signedImage({ version })));
    await Promise.allSettled(images.map(async (bytes) => (await upload({ image: sourceOf(bytes), store })).attempt));
    expect(most).toBe(1);
    expect((await inner.listReleases()).at(-1)?.version).toBe('1.19.0');
  });

  it.each([
    ['a text', 'text'],
    ['nothing', undefined],
    ['a stream of texts', Readable.from(['text'])],
  ])('refuses %s as the image', async (_what, wrong) => {
    const { attempt, ...left } = await upload({ image: wrong as unknown as AsyncIterable<Uint8Array> });
    await expect(attempt).rejects.toMatchObject({ code: 'bad_option' });
    await expectNothingLeft(left);
  });

  it.each([{ uploadTimeoutMs: 0 }, { uploadIdleTimeoutMs: NaN }, { uploadTimeoutMs: 2 ** 31 }])(
    'refuses impossible limits: %j',
    async (over) => {
      const source = sourceOf(image);
      await expect((await upload({ image: source, ...over })).attempt).rejects.toMatchObject({ code: 'bad_option' });
      expect(source.returned).toBe(true);
    },
  );

  it('clears what killed processes left an hour ago, and nothing else', async () => {
    const stagingDir = await temporaryDirectory();
    const hourAgo = new Date(Date.now() - 61 * 60_000);
    const nameOf = (digit: string) => `secure-esp-upload-${digit.repeat(8)}-0000-0000-0000-${digit.repeat(12)}.tmp`;
    const old = [nameOf('1'), 'somebody-elses.tmp', `${nameOf('2')}.txt`];
    for (const name of [...old, nameOf('3')]) await writeFile(join(stagingDir, name), 'x');
    await mkdir(join(stagingDir, nameOf('4')));
    for (const name of [...old, nameOf('4')]) await utimes(join(stagingDir, name), hourAgo, hourAgo);
    await (
      await upload({ image: sourceOf(image), stagingDir })
    ).attempt;
    expect(await readdir(stagingDir)).toEqual([`${nameOf('2')}.txt`, nameOf('3'), nameOf('4'), 'somebody-elses.tmp']);
  });

  it('makes the staging directory, and says so when it cannot', async () => {
    const dir = await temporaryDirectory();
    await (
      await upload({ image: sourceOf(image), stagingDir: join(dir, 'a', 'b') })
    ).attempt;
    expect((await stat(join(dir, 'a', 'b'))).isDirectory()).toBe(true);
    await writeFile(join(dir, 'file'), '');
    const source = sourceOf(image);
    const { attempt } = await upload({ image: source, stagingDir: join(dir, 'file') });
    await expect(attempt).rejects.toMatchObject({ code: 'store_failed' });
    expect(source.returned).toBe(true);
  });
});

describe('publishing the same again', () => {
  it('changes nothing and gives the release that is there, from bytes and from a stream', async () => {
    const store = createMemoryFirmwareStore();
    const release = await publish(store, {}, { image, from: ['0.9.0'] });
    const again = vi.fn();
    for (const same of [image, sourceOf(image)]) {
      expect(await publish(store, {}, { image: same, from: ['0.9.0'], onAlreadyReleased: again })).toEqual(release);
    }
    expect(again.mock.calls).toEqual([[release], [release]]);
    expect(await store.listReleases()).toEqual([release]);
  });

  it.each<[string, Partial<PublishReleaseOptions>, string]>([
    ['other from versions', { from: ['0.9.0'] }, 'same_version'],
    ['another address', { url: 'https://other.example/' }, 'same_version'],
    ['another channel', { name: 'beta' }, 'same_version'],
    ['an expired release', { now: () => new Date(NOW.getTime() + 91 * 86_400_000) }, 'same_version'],
    ['a lower stated version', { version: '0.9.0' }, 'lower_version'],
  ])('does not take %s for the same', async (_what, over, code) => {
    const store = createMemoryFirmwareStore();
    const release = await publish(store, {}, { image });
    await expect(publish(store, {}, { image, ...over })).rejects.toMatchObject({ code });
    expect(await store.listReleases()).toEqual([release]);
  });

  it('is judged by the gate as ever when something newer is released', async () => {
    const store = createMemoryFirmwareStore();
    await publish(store, {}, { image });
    await publish(store, { version: '1.1.0' });
    await expect(publish(store, {}, { image })).rejects.toMatchObject({ code: 'lower_version' });
  });

  it('puts back an image that was lost', async () => {
    const inner = createMemoryFirmwareStore();
    const put = vi.fn(inner.putImage.bind(inner));
    const store: FirmwareStore = { ...inner, putImage: put };
    await publish(store, {}, { image });
    await publish(store, {}, { image });
    expect(put).toHaveBeenCalledTimes(2);
  });
});

describe('dangerouslyAllowSameOrLowerVersion', () => {
  it('warns when it makes the difference, and only then', async () => {
    const warned: unknown[] = [];
    const spy = vi.spyOn(process, 'emitWarning').mockImplementation((...args: unknown[]) => {
      warned.push(args);
    });
    const store = createMemoryFirmwareStore();
    const override = { dangerouslyAllowSameOrLowerVersion: true };
    await publish(store, { version: '1.0.0' }, override);
    await publish(store, { version: '1.1.0' }, override);
    expect(warned).toEqual([]);
    await publish(store, { version: '1.0.1' }, override);
    spy.mockRestore();
    expect(warned).toEqual([
      [
        'release 3 of secure_esp has version 1.0.1 although 1.1.0 is released: devices refuse it',
        { type: 'OtaSecurityWarning', code: 'OTA_VERSION_OVERRIDE' },
      ],
    ]);
  });
});
