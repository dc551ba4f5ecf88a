import { createPayloadCodec, secureEspV1 } from '@secure-esp/protocol';
import { describe, expect, it } from 'vitest';
import type { CoreConfig } from '../../src/core/core-config.js';
import { createCoreContext } from '../../src/core/core-context.js';
import { createCoreModule } from '../../src/core/core-module.js';
import type { CorePort } from '../../src/core/core-port.js';
import { DEAD_PORT } from '../../src/core/dead-port.js';
import type { OutboundMessage } from '../../src/ports/mqtt-port.js';

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

const config = (over: Partial<CoreConfig> = {}): CoreConfig => ({
  deviceId: 'esp-001',
  builtinUrl: 'https://updates.example/firmware.bin',
  project: text('demo'),
  version: text('1.0.0'),
  chip: 'esp32c6',
  identity: new Uint8Array(32).fill(7),
  chipId: 13,
  secureVersion: 0,
  slotBytes: 1_966_080,
  bootPending: false,
  resetReason: 'brownout',
  intervalSeconds: 3600,
  automaticChecks: true,
  requireManifest: false,
  broadcastLog: true,
  broadcastRunSpreadSeconds: 0,
  confirmDeadlineSeconds: 900,
  confirmOfflineMaxSeconds: 86_400,
  downloadRetries: 5,
  ...over,
});

/** A platform that remembers. */
const platform = (over: Partial<CorePort> = {}) => {
  const store = new Map<string, Uint8Array>();
  const published: OutboundMessage[] = [];
  const filters: string[] = [];
  const port: CorePort = {
    ...DEAD_PORT,
    randomU32: () => 0xfedc_ba98,
    publish: (message) => published.push(message) > 0,
    subscribe: (filter) => filters.push(filter) > 0,
    kvGet: (key) => store.get(key),
    kvSet: (key, value) => store.set(key, value).size > 0,
    kvErase: (key) => store.delete(key) || true,
    ...over,
  };
  return { port, store, published, filters };
};
const status = createPayloadCodec(secureEspV1.topics.status.payload, 'status');

describe('the core as WebAssembly', () => {
  it('has a last will, and greets the broker with subscriptions and its retained events', () => {
    const { port, published, filters } = platform();
    const core = createCoreContext(createCoreModule(), config(), port);
    expect(core.will()).toEqual({ topic: '/esp/devices/esp-001/status', payload: text('{"online":false}') });
    core.connected();
    expect(filters).toContain('/esp/devices/esp-001/update/run');
    expect(filters.every((filter) => !filter.includes('#'))).toBe(true);
    const greeting = published.find(({ topic }) => topic === '/esp/devices/esp-001/status');
    expect(greeting).toMatchObject({ qos: 1, retain: true, correlation: undefined });
    expect(status.decode(greeting?.payload ?? new Uint8Array())).toMatchObject({
      ok: true,
      value: { online: true, bootId: 0xfedc_ba98, resetReason: 'brownout', version: '1.0.0', chip: 'esp32c6' },
    });
    core.destroy();
  });

  it('stores settings in the port, under keys that NVS accepts, and finds them again', () => {
    const { port, store } = platform();
    const module = createCoreModule();
    const core = createCoreContext(module, config(), port);
    core.connected();
    core.message({
      topic: '/esp/devices/esp-001/update/interval',
      payload: text('4321'),
      retained: false,
      responseTopic: undefined,
      correlation: undefined,
    });
    expect([...store.keys()].every((key) => key.length > 0 && key.length <= 15)).toBe(true);
    core.destroy();
    const again = platform({ kvGet: (key) => store.get(key) });
    createCoreContext(module, config(), again.port).connected();
    const settings = again.published.find(({ topic }) => topic.endsWith('/settings'));
    expect(Buffer.from(settings?.payload ?? '').toString()).toContain('"interval":4321');
  });

  it.each<[string, Partial<CoreConfig>]>([
    ['an interval outside of the contract', { intervalSeconds: 1 }],
    ['a device id that is none', { deviceId: 'a/b' }],
    ['an identity of another length', { identity: new Uint8Array(31) }],
    ['a number that is none', { slotBytes: Number.NaN }],
  ])('refuses %s', (_what, over) => {
    expect(() => createCoreContext(createCoreModule(), config(over), platform().port)).toThrow(
      expect.objectContaining({ code: 'core' }),
    );
  });

  it('reports what its port threw after the call, and leaves the port alone from then on', () => {
    const broken = platform({
      kvSet: () => {
        throw new Error('no power');
      },
    });
    const core = createCoreContext(createCoreModule(), config(), broken.port);
    core.connected();
    const before = broken.published.length;
    const interval = {
      topic: '/esp/devices/esp-001/update/interval',
      payload: text('4321'),
      retained: false,
      responseTopic: undefined,
      correlation: undefined,
    };
    expect(() => {
      core.message(interval);
    }).toThrow('no power');
    core.tick();
    expect(broken.published).toHaveLength(before);
  });

  it('survives thousands of throwing ports in one instance', () => {
    const module = createCoreModule();
    for (let count = 0; count < 3000; count += 1) {
      const { port } = platform({
        publish: () => {
          throw new Error('no power');
        },
      });
      const core = createCoreContext(module, config(), port);
      expect(() => {
        core.connected();
      }).toThrow('no power');
      core.destroy();
    }
  });

  it('holds hundreds of devices that do not mix, and reuses their places', async () => {
    const module = createCoreModule();
    for (let round = 0; round < 2; round += 1) {
      const rigs = Array.from({ length: 300 }, (_, index) => {
        const rig = platform();
        return {
          ...rig,
          id: `esp-${String(index)}`,
          core: createCoreContext(module, config({ deviceId: `esp-${String(index)}` }), rig.port),
        };
      });
      for (const { core } of rigs) core.connected();
      for (const { id, published } of rigs) {
        expect(published.every(({ topic }) => !topic.includes('/devices/') || topic.includes(`/devices/${id}/`))).toBe(
          true,
        );
        expect(published.some(({ topic }) => topic === `/esp/devices/${id}/status`)).toBe(true);
      }
      const pages = module.memory.buffer.byteLength;
      for (const { core } of rigs) core.destroy();
      await Promise.resolve();
      if (round === 1) expect(module.memory.buffer.byteLength).toBe(pages);
    }
  });

  it('is called no more once it is gone', () => {
    const core = createCoreContext(createCoreModule(), config(), platform().port);
    core.destroy();
    core.destroy();
    expect(() => {
      core.tick();
    }).toThrow(expect.objectContaining({ code: 'wrong_state' }));
  });
});
