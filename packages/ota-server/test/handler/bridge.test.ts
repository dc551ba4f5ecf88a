import { DEVICE_ACCEPT, DEVICE_HEADERS } from '@secure-esp/protocol';
import { beforeEach, describe, expect, it, type MockInstance, vi } from 'vitest';
import { createOtaHandler, type OtaEvent, type OtaHandlerOptions, type OtaRequest } from '../../src/index.js';
import { bodyOf, codeOf } from '../fixtures/bytes.js';
import { NOW, publish, storeWith } from '../fixtures/firmware.js';

const DAY_MS = 24 * 60 * 60 * 1000;
const until = new Date(NOW.getTime() + 30 * DAY_MS);
const bridge = { channels: ['secure_esp'], until };
const anonymous = (target: string, over: Partial<OtaRequest> = {}): OtaRequest => ({
  method: 'GET',
  target,
  headers: {},
  address: '192.0.2.7',
  id: '00112233aabbccdd',
  ...over,
});

let warn: MockInstance<typeof process.emitWarning>;
beforeEach(() => {
  warn = vi
    .spyOn(process, 'emitWarning')
    .mockReset()
    .mockImplementation(() => undefined);
});

async function handlerWith(over: Partial<OtaHandlerOptions> = {}) {
  const store = await storeWith('1.0.0');
  const release = await publish(store, { version: '2.0.0', project: 'other' }, { name: 'other' });
  const events: OtaEvent[] = [];
  const handler = createOtaHandler({
    store,
    now: () => NOW,
    dangerouslyServeWithoutClientCertificate: bridge,
    onEvent: (event) => events.push(event),
    ...over,
  });
  return { handler, events, release, first: (await store.listReleases({}))[0] };
}

describe('the bridge for devices without a certificate', () => {
  it('gives anybody the plain file of the named channels, and tells who used it', async () => {
    const { handler, events, first } = await handlerWith();
    const reply = await handler.handle(anonymous('/secure_esp.bin?chip=esp32c6'));
    expect([reply.status, (await bodyOf(reply)).length]).toEqual([200, first?.size]);
    expect((await handler.handle(anonymous('/secure_esp.bin', { method: 'HEAD' }))).status).toBe(200);
    const used = { type: 'bridge_used', channel: 'secure_esp', address: '192.0.2.7', requestId: '00112233aabbccdd' };
    expect(events.filter(({ type }) => type === 'bridge_used')).toEqual([used, used]);
  });

  it('gives the file to who claims to be a device, too: a manifest would name an address that is refused', async () => {
    const { handler } = await handlerWith();
    const headers = {
      [DEVICE_HEADERS.project]: 'secure_esp',
      [DEVICE_HEADERS.chip]: 'esp32c6',
      [DEVICE_HEADERS.version]: '1.0.0',
      [DEVICE_HEADERS.image]: 'ab'.repeat(32),
      accept: DEVICE_ACCEPT,
    };
    const reply = await handler.handle(anonymous('/secure_esp.bin', { headers }));
    expect([reply.status, reply.headers['content-type']]).toEqual([200, 'application/octet-stream']);
  });

  it('gives nothing else', async () => {
    const { handler, release, first } = await handlerWith();
    const targets = [
      '/other.bin',
      '/update',
      `/images/${release.sha256}.bin`,
      `/images/${first?.sha256 ?? ''}.bin`,
      '/',
      '/x',
    ];
    for (const target of [...targets, '/secure_esp.bin/', '/../secure_esp.bin', '/other%2f..%2fsecure_esp.bin']) {
      const reply = await handler.handle(anonymous(target));
      expect([target, reply.status, await codeOf(reply)]).toEqual([target, 403, 'no_client']);
    }
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
      expect((await handler.handle(anonymous('/secure_esp.bin', { method }))).status).toBe(403);
    }
  });

  it('lets nobody in whose certificate is refused', async () => {
    const { handler } = await handlerWith({ isRevoked: () => true });
    const reply = await handler.handle(anonymous('/secure_esp.bin', { client: { cn: 'esp-001', role: 'device' } }));
    expect(await codeOf(reply)).toBe('revoked');
  });

  it('is closed from its date on', async () => {
    let now = NOW;
    const { handler } = await handlerWith({ now: () => now });
    now = new Date(until.getTime() - 1);
    expect((await handler.handle(anonymous('/secure_esp.bin', { method: 'HEAD' }))).status).toBe(200);
    now = until;
    expect((await handler.handle(anonymous('/secure_esp.bin'))).status).toBe(403);
  });

  it('is closed, and no error, when its date has passed before the start', async () => {
    const past = { channels: ['secure_esp'], until: new Date(NOW.getTime() - 1) };
    const { handler } = await handlerWith({ dangerouslyServeWithoutClientCertificate: past });
    expect((await handler.handle(anonymous('/secure_esp.bin'))).status).toBe(403);
    expect(warn).toHaveBeenCalledWith(expect.stringContaining('ended'), expect.anything());
  });

  it('counts by address', async () => {
    const { handler } = await handlerWith({ limits: { downloadsPerClient: 1 } });
    expect((await handler.handle(anonymous('/secure_esp.bin'))).status).toBe(200);
    expect((await handler.handle(anonymous('/secure_esp.bin'))).status).toBe(429);
    expect((await handler.handle(anonymous('/secure_esp.bin', { address: '192.0.2.8' }))).status).toBe(200);
  });

  it('is warned of, with its channels and its date', async () => {
    await handlerWith();
    expect(warn).toHaveBeenCalledExactlyOnceWith(
      expect.stringMatching(/secure_esp.*2026-12-22/),
      expect.objectContaining({ type: 'OtaSecurityWarning' }),
    );
  });

  it.each([
    ['channels', { channels: [], until }],
    ['channels', { channels: ['../x'], until }],
    ['until', { ...bridge, until: new Date('never') }],
    ['until', { ...bridge, until: new Date(NOW.getTime() + 367 * DAY_MS) }],
  ])('cannot have such %s', async (name, dangerouslyServeWithoutClientCertificate) => {
    await expect(handlerWith({ dangerouslyServeWithoutClientCertificate })).rejects.toMatchObject({
      code: 'bad_option',
      message: expect.stringContaining(`.${name}`) as string,
    });
  });
});
