import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, describe, expect, it } from 'vitest';
import { connect, type Client } from '../../src/index.js';
import { startProxy } from '../fixtures/cuttable-proxy.js';
import { eventually } from '../fixtures/eventually.js';
import { Opened } from '../fixtures/fleet.js';
import { mosquittoMissing, startMosquitto } from '../fixtures/test-broker.js';
import { CountingDevice } from './support/counting-device.js';

const missing = process.env['CI'] === undefined ? mosquittoMissing() : undefined;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Heap in use after a full collection, bytes. */
async function heapUsed(): Promise<number> {
  for (let round = 0; round < 4; round += 1) {
    // WeakRefs and finalizers run between collections.
    await new Promise((resolve) => setImmediate(resolve));
    collectGarbage();
  }
  return process.memoryUsage().heapUsed;
}

const COMMANDS = 10_000;
const RECONNECTS = 500;
/** What 10,000 commands or 500 connections may leave: less than 100 bytes a command, less than 2 KiB a connection. */
const BOUND_BYTES = 1_000_000;

describe.skipIf(missing !== undefined)(`memory${missing === undefined ? '' : ` (${missing})`}`, () => {
  const opened = new Opened();
  afterEach(() => opened.close());

  async function fleet(): Promise<{ client: Client; device: CountingDevice; cut: () => void; mend: () => void }> {
    const broker = await startMosquitto();
    opened.add(() => broker.close());
    // Keeps no count: the peer's memory must not be taken for the client's.
    const device = new CountingDevice('memory', broker.port, { counting: false });
    opened.add(() => device.close());
    await eventually('the device is there', () => device.present);
    const proxy = await startProxy(broker.port);
    opened.add(() => proxy.close());
    const client = await connect({
      url: proxy.url,
      dangerouslyAllowPlaintext: true,
      reconnect: { firstMs: 1, maxMs: 2 },
    });
    opened.add(() => client.close());
    return {
      client,
      device,
      cut: () => {
        proxy.cut();
      },
      mend: () => {
        proxy.mend();
      },
    };
  }

  const command = async (client: Client, times: number): Promise<void> => {
    for (let sent = 0; sent < times; sent += 50) {
      await Promise.all(Array.from({ length: 50 }, () => client.device('memory').update.interval(600)));
    }
  };

  it(`does not grow with ${String(COMMANDS)} commands`, async () => {
    const { client } = await fleet();
    await command(client, 2_000);
    const before = await heapUsed();
    await command(client, COMMANDS);
    expect((await heapUsed()) - before).toBeLessThan(BOUND_BYTES);
  });

  it(`does not grow with ${String(RECONNECTS)} reconnects`, async () => {
    const { client, cut, mend } = await fleet();
    const stream = client.watch();
    const reconnect = async (times: number): Promise<void> => {
      for (let done = 0; done < times; done += 1) {
        cut();
        await eventually('the loss is seen', () => !client.connected);
        await client
          .device('memory')
          .update.interval(600)
          .catch(() => undefined);
        mend();
        await eventually('it is back', () => client.connected);
      }
    };
    await reconnect(50);
    const before = await heapUsed();
    await reconnect(RECONNECTS);
    expect((await heapUsed()) - before).toBeLessThan(BOUND_BYTES);
    await stream.close();
    expect(await client.device('memory').update.interval(600)).toEqual({ ok: true });
  });
});
