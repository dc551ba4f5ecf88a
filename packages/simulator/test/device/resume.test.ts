import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  createMemoryFlash,
  createVirtualDevice,
  type VirtualDevice,
  type VirtualDeviceOptions,
} from '../../src/index.js';
import { systemClock, type Clock } from '../../src/ports/clock.js';
import { mosquittoMissing } from '../support/broker.js';
import { eventually } from '../support/eventually.js';
import { runUpdate } from '../support/flows.js';
import { releaseManifest } from '../support/manifest.js';
import { skipUnless } from '../support/tools.js';
import { createDiary, createWorld, type World } from '../support/world.js';

const SECTOR_BYTES = 4096;
const RANGE = /^bytes=([0-9]+)-$/;

interface Served {
  readonly range: string | undefined;
  readonly ifRange: string | undefined;
  readonly ifNoneMatch: string | undefined;
  readonly status: number;
  /** Bytes of the body that were handed to the socket. */
  readonly bytes: number;
}

interface Script {
  /** The file as it is now, and its tag; without a tag, ranges are not served. */
  image: Uint8Array;
  etag: string | undefined;
  /** The connections that are cut, after so many bytes each. */
  cuts: number[];
  readonly served: Served[];
  handler: (request: IncomingMessage, response: ServerResponse) => void;
}

/** Pauses between attempts take a fifth of their time. */
const hurried: Clock = {
  monotonicMs: () => 5 * systemClock.monotonicMs(),
  unixMs: () => systemClock.unixMs(),
  schedule: (delayMs, callback) => systemClock.schedule(delayMs / 5, callback),
};

const tagOf = (image: Uint8Array): string => `"${createHash('sha256').update(image).digest('hex')}"`;

/** Serves a file with ranges as RFC 9110 wants them, and cuts connections by plan. */
const script = (image: Uint8Array, etag: string | undefined = tagOf(image)): Script => {
  const self: Script = {
    image,
    etag,
    cuts: [],
    served: [],
    handler: ({ headers }, response) => {
      const total = self.image.length;
      const { range, 'if-none-match': ifNoneMatch } = headers;
      const ifRange = headers['if-range'];
      const asked = Number(RANGE.exec(range ?? '')?.[1] ?? 0);
      const from = self.etag !== undefined && ifRange === self.etag && asked < total ? asked : 0;
      const cut = self.cuts.shift();
      const body = self.image.subarray(from, cut === undefined ? total : Math.min(total, from + cut));
      const status = from > 0 ? 206 : 200;
      self.served.push({ range, ifRange: ifRange as string | undefined, ifNoneMatch, status, bytes: body.length });
      response.writeHead(status, {
        'content-type': 'application/octet-stream',
        'content-length': String(total - from),
        ...(self.etag === undefined ? {} : { etag: self.etag }),
        ...(from > 0 ? { 'content-range': `bytes ${String(from)}-${String(total - 1)}/${String(total)}` } : {}),
      });
      if (cut === undefined) response.end(body);
      else response.write(body, () => response.destroy());
    },
  };
  return self;
};

/** Of the body that was cut after so many bytes, whole sectors are there; perhaps fewer, if some were lost on the way. */
const offsetOf = ({ range }: Served): number => Number(RANGE.exec(range ?? '')?.[1] ?? NaN);

describe.skipIf(skipUnless('Mosquitto', mosquittoMissing))('a download that loses its connection', () => {
  let world: World;
  let count = 0;
  beforeAll(async () => {
    world = await createWorld();
  });
  afterAll(async () => {
    await world[Symbol.asyncDispose]();
  });

  const start = async (over: Partial<VirtualDeviceOptions> = {}): Promise<VirtualDevice> => {
    count += 1;
    const id = `resume-${String(count)}`;
    const device = await createVirtualDevice(await world.options(id, { clock: hurried, ...over }));
    await device.start();
    await device.whenOnline();
    return device;
  };
  const image = (version: string): Promise<Uint8Array> => world.signed(version, { codeBytes: 200_000 });

  it.each([[5000], [70_000], [131_072], [199_000]])('goes on behind byte %i, and confirms', async (cut) => {
    const plan = script(await image('1.1.0'));
    plan.cuts = [cut];
    world.server.handler = plan.handler;
    const diary = createDiary();
    await using device = await start(diary);
    const { id } = device;
    expect(await runUpdate(world, id)).toMatchObject({ state: 'confirmed', from: '1.0.0', to: '1.1.0' });
    const [first, second] = plan.served;
    expect(first).toMatchObject({ range: undefined, ifRange: undefined, status: 200 });
    expect(second).toMatchObject({ status: 206, ifRange: plan.etag });
    const offset = offsetOf(second as Served);
    expect(offset % SECTOR_BYTES).toBe(0);
    expect(offset).toBeGreaterThan(0);
    expect(offset).toBeLessThanOrEqual(cut);
    expect(second?.bytes).toBe(plan.image.length - offset);
    expect(plan.served).toHaveLength(2);
    expect(device.state).toMatchObject({ version: '1.1.0', slot: 'ota_1', bootState: 'valid' });
    expect(diary.lines.join('\n')).toMatch(/OTA-Update interrupted: truncated\. Next attempt in [23] s/);
  });

  it('goes on as often as there is progress', async () => {
    const plan = script(await image('1.1.0'));
    plan.cuts = [66_000, 66_000];
    world.server.handler = plan.handler;
    await using device = await start({ downloadRetries: 1 });
    const { id } = device;
    expect(await runUpdate(world, id)).toMatchObject({ state: 'confirmed', to: '1.1.0' });
    expect(plan.served.map(({ status }) => status)).toEqual([200, 206, 206]);
  });

  it('starts over when the file was replaced meanwhile', async () => {
    const plan = script(await image('1.1.0'));
    plan.cuts = [150_000];
    world.server.handler = (request, response) => {
      plan.handler(request, response);
      plan.image = next;
      plan.etag = tagOf(next);
    };
    const next = await image('1.2.0');
    await using device = await start();
    const { id } = device;
    expect(await runUpdate(world, id)).toMatchObject({ state: 'confirmed', from: '1.0.0', to: '1.2.0' });
    const [, second] = plan.served;
    expect(offsetOf(second as Served)).toBeGreaterThan(0);
    expect(second).toMatchObject({ status: 200, bytes: next.length });
  });

  it('starts over at a server that names no tag', async () => {
    const plan = script(await image('1.1.0'));
    plan.etag = undefined;
    plan.cuts = [150_000];
    world.server.handler = plan.handler;
    await using device = await start();
    const { id } = device;
    expect(await runUpdate(world, id)).toMatchObject({ state: 'confirmed', to: '1.1.0' });
    expect(plan.served).toMatchObject([
      { range: undefined, status: 200 },
      { range: undefined, ifRange: undefined, status: 200, bytes: plan.image.length },
    ]);
  });

  it('goes on after the power was lost, at an offset that was stored', async () => {
    const plan = script(await image('1.1.0'));
    world.server.handler = plan.handler;
    const flash = createMemoryFlash(256 * 1024);
    const device = await start({
      flash,
      bytesPerSecond: 400_000,
      onEvent: (event) => {
        if (event.type === 'downloadProgress' && event.bytes > 150_000) device.powerOff();
      },
    });
    const { id } = device;
    await world.operator.send(`/esp/devices/${id}/update/run`);
    await eventually(
      () => device.state.power === 'off',
      () => 'the power is still on',
    );
    await using again = await createVirtualDevice(await world.options(id, { flash }));
    await again.start();
    await again.whenOnline();
    expect(again.state.update).toMatchObject({ run: 1, state: 'failed', reason: 'truncated' });
    expect(await runUpdate(world, id)).toMatchObject({ run: 2, state: 'confirmed', to: '1.1.0' });
    expect(plan.served[1]).toMatchObject({ ifRange: plan.etag, status: 206 });
    // Stored every 64 KiB, so not more than that was lost.
    const offset = offsetOf(plan.served[1] as Served);
    expect(offset % SECTOR_BYTES).toBe(0);
    expect(offset).toBeGreaterThan(150_000 - 2 * 65_536);
    expect(plan.served[1]?.bytes).toBe(plan.image.length - offset);
  });

  it('goes on with the file of a release manifest', async () => {
    const bytes = await image('1.1.0');
    const plan = script(bytes);
    plan.cuts = [120_000];
    const manifest = await releaseManifest(world, bytes);
    world.server.handler = (request, response) => {
      if (request.url === '/image.bin') plan.handler(request, response);
      else response.writeHead(200, { 'content-type': 'application/jose' }).end(manifest);
    };
    await using device = await start({ settings: { automaticChecks: false, requireManifest: true } });
    const { id } = device;
    expect(await runUpdate(world, id)).toMatchObject({ state: 'confirmed', to: '1.1.0' });
    expect(plan.served).toMatchObject([
      { range: undefined, status: 200 },
      { status: 206, ifRange: plan.etag },
    ]);
  });

  it.each([
    [
      'another beginning',
      (from: number, total: number) => `bytes ${String(from - 1)}-${String(total - 1)}/${String(total)}`,
    ],
    ['another total', (from: number, total: number) => `bytes ${String(from)}-${String(total)}/${String(total + 1)}`],
    ['no total', (from: number, total: number) => `bytes ${String(from)}-${String(total - 1)}/*`],
    ['an early end', (from: number, total: number) => `bytes ${String(from)}-${String(total - 2)}/${String(total)}`],
    ['nothing', () => ''],
  ])('starts over when a part names %s', async (_name, contentRange) => {
    const plan = script(await image('1.1.0'));
    plan.cuts = [100_000];
    world.server.handler = (request, response) => {
      const from = Number(RANGE.exec(request.headers.range ?? '')?.[1] ?? 0);
      if (from === 0) {
        plan.handler(request, response);
        return;
      }
      const body = plan.image.subarray(from);
      response.writeHead(206, {
        'content-type': 'application/octet-stream',
        'content-length': String(body.length),
        'content-range': contentRange(from, plan.image.length),
        etag: plan.etag ?? '',
      });
      response.end(body);
    };
    await using device = await start();
    const { id } = device;
    expect(await runUpdate(world, id)).toMatchObject({ state: 'confirmed', to: '1.1.0' });
    expect(plan.served).toMatchObject([{ status: 200 }, { range: undefined, bytes: plan.image.length }]);
  });

  it('starts over when the rest belongs to another file of the same tag', async () => {
    const plan = script(await image('1.1.0'), '"same"');
    plan.cuts = [100_000];
    const next = await image('1.1.1');
    world.server.handler = (request, response) => {
      plan.handler(request, response);
      plan.image = next;
    };
    await using device = await start();
    const { id } = device;
    expect(await runUpdate(world, id)).toMatchObject({ state: 'confirmed', to: '1.1.1' });
    expect(plan.served.at(-1)).toMatchObject({ range: undefined, status: 200, bytes: next.length });
  });

  it('gives up after the attempts it has, and goes on in the next run', async () => {
    const plan = script(await image('1.1.0'));
    plan.cuts = [100_000, 0];
    world.server.handler = plan.handler;
    await using device = await start({ downloadRetries: 1 });
    const { id } = device;
    expect(await runUpdate(world, id)).toMatchObject({ state: 'failed', reason: 'truncated' });
    expect(await runUpdate(world, id)).toMatchObject({ state: 'confirmed', to: '1.1.0' });
    expect(plan.served.map(({ status }) => status)).toEqual([200, 206, 206]);
    expect(plan.served[2]?.range).toBe(plan.served[1]?.range);
  });
});
