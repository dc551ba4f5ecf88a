import { beforeAll, describe, expect, it } from 'vitest';
import { createVirtualDevice, type VirtualDeviceOptions } from '../../src/index.js';
import { resolveOptions } from '../../src/device/resolve-options.js';
import { appImage } from '../support/images.js';
import { createTestPki } from '../support/pki.js';

let options: VirtualDeviceOptions;
beforeAll(async () => {
  await using pki = await createTestPki([]);
  const credentials = await pki.device('esp-001');
  options = {
    id: 'esp-001',
    firmware: await appImage('1.0.0'),
    mqtt: { url: 'mqtts://localhost:8884', ...credentials },
    ota: { url: 'https://localhost:8070/firmware.bin', ...credentials },
    trusted: {},
  };
});

describe('the options of a device', () => {
  it('have defaults, and are frozen', () => {
    const resolved = resolveOptions(options);
    expect(resolved).toMatchObject({
      slotBytes: 1_966_080,
      bytesPerSecond: Infinity,
      rebootDelayMs: 200,
      timeouts: { connectMs: 10_000, idleMs: 20_000, downloadMs: 1_800_000 },
      settings: { intervalSeconds: 86_400, automaticChecks: true, requireManifest: false, confirmDeadlineSeconds: 900 },
    });
    expect(Object.isFrozen(resolved)).toBe(true);
    expect(resolved.health()).toBe('good');
    expect(new Set(Array.from({ length: 8 }, resolved.randomU32)).size).toBeGreaterThan(1);
  });

  it.each<[string, Partial<VirtualDeviceOptions> | ((given: VirtualDeviceOptions) => Partial<VirtualDeviceOptions>)]>([
    ['id', { id: 'a/b' }],
    ['id', { id: '' }],
    ['mqtt.url', ({ mqtt }) => ({ mqtt: { ...mqtt, url: 'mqtt://localhost' } })],
    ['mqtt.url', ({ mqtt }) => ({ mqtt: { ...mqtt, url: 'nonsense' } })],
    ['mqtt', ({ mqtt }) => ({ mqtt: { ...mqtt, key: 'nonsense' } })],
    ['mqtt.keepaliveSeconds', ({ mqtt }) => ({ mqtt: { ...mqtt, keepaliveSeconds: 0 } })],
    ['ota.url', ({ ota }) => ({ ota: { ...ota, url: 'http://localhost/' } })],
    ['ota.url', ({ ota }) => ({ ota: { ...ota, url: `https://localhost/${'x'.repeat(250)}` } })],
    ['ota', ({ ota }) => ({ ota: { ...ota, cert: 'nonsense' } })],
    ['slotBytes', { slotBytes: 100_000 }],
    ['slotBytes', { slotBytes: 4096 }],
    ['bytesPerSecond', { bytesPerSecond: 0 }],
    ['firmwareVersion', { firmwareVersion: 'latest' }],
    ['settings.intervalSeconds', { settings: { intervalSeconds: 299 } }],
    ['settings.confirmDeadlineSeconds', { settings: { confirmDeadlineSeconds: 59 } }],
    ['settings.confirmOfflineMaxSeconds', { settings: { confirmDeadlineSeconds: 900, confirmOfflineMaxSeconds: 899 } }],
    ['settings.broadcastRunSpreadSeconds', { settings: { broadcastRunSpreadSeconds: -1 } }],
    ['timeouts.connectMs', { timeouts: { connectMs: 0 } }],
    ['timeouts.downloadMs', { timeouts: { downloadMs: 86_400_001 } }],
    ['rebootDelayMs', { rebootDelayMs: 0.5 }],
    ['trusted', { trusted: { v1: [new Uint8Array(3)] } }],
    ['verification', { verification: { maxBlocks: 4 } }],
    ['releaseKeys[0]', { releaseKeys: ['nonsense'] }],
    ['firmware', { firmware: new Uint8Array(100) }],
  ])('are refused when %s is wrong, by name', async (name, change) => {
    const over = typeof change === 'function' ? change(options) : change;
    await expect(createVirtualDevice({ ...options, ...over })).rejects.toMatchObject({
      name: 'SimulatorError',
      code: 'bad_option',
      message: expect.stringContaining(name) as string,
    });
  });
});
