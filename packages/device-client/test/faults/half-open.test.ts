import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../fixtures/eventually.js';
import { Opened } from '../fixtures/fleet.js';
import { mosquittoMissing, startMosquitto, type MosquittoTestBroker } from '../fixtures/test-broker.js';
import { CountingDevice } from './support/counting-device.js';
import { startPacketProxy, type ProxiedConnection } from './support/packet-proxy.js';

const missing = process.env['CI'] === undefined ? mosquittoMissing() : undefined;

/** As the broker's CONNACK asks for it. */
const KEEP_ALIVE_SECONDS = 1;
/** What the README promises: one and a half keep-alives of silence. */
const BOUND_MS = KEEP_ALIVE_SECONDS * 1_500;
/** A busy machine. */
const MARGIN_MS = 2_000;

describe.skipIf(missing !== undefined)(`a half-open connection${missing === undefined ? '' : ` (${missing})`}`, () => {
  let broker: MosquittoTestBroker;
  const opened = new Opened();
  beforeAll(async () => {
    broker = await startMosquitto();
  });
  afterEach(() => opened.close());
  afterAll(() => broker.close());

  it.each(['both', 'to broker'] as const)(
    'is noticed within one and a half keep-alives while commands are sent and events arrive (lost: %s)',
    async (direction) => {
      const device = new CountingDevice(`half-${direction.replace(' ', '-')}`, broker.port);
      opened.add(() => device.close());
      const proxy = await startPacketProxy(broker.port, KEEP_ALIVE_SECONDS);
      opened.add(() => proxy.close());
      let connection: ProxiedConnection | undefined;
      proxy.onPacket = (packet) => {
        connection = packet.connection;
      };
      await eventually('the device is there', () => device.present);
      const client = await opened.client(broker, { url: proxy.url });
      const handle = client.device(device.id);
      await handle.update.interval(600);
      const stream = handle.logs();
      await stream.ready;

      const struck = Date.now();
      connection?.swallow(direction);
      const enough = new AbortController();
      const traffic = (async () => {
        while (!enough.signal.aborted) {
          void handle.update.interval(700, { deadlineMs: 1_000 }).catch(() => undefined);
          await device.log('here');
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      })();
      const lost = (): boolean => opened.changes.some(({ state }) => state === 'reconnecting');
      await eventually('the loss is noticed', lost, BOUND_MS + MARGIN_MS);
      expect(Date.now() - struck).toBeLessThan(BOUND_MS + MARGIN_MS);
      enough.abort();
      await traffic;
      await eventually('it is back', () => client.connected);
      expect(await handle.update.interval(800)).toEqual({ ok: true });
    },
  );
});
