import { describe, expect, expectTypeOf, test } from 'vitest';
import {
  REPLY_CODES,
  secureEspV1,
  UPDATE_REASONS,
  type CommandName,
  type DeviceStatus,
  type EventName,
  type Reply,
  type SecureEspV1,
  type TopicValue,
} from '../../src/index.js';
import { encodeUtf8 } from '../../src/utf8.js';

const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const { codecs, documentCodecs, topics } = secureEspV1;

const STATUS: DeviceStatus = {
  online: true,
  project: 'secure_esp',
  version: '1.2.3-4-gabcdef0-dirty',
  chip: 'esp32c3',
  bootId: 4_294_967_295,
  resetReason: 'power_on',
  protocol: 1,
  contract: secureEspV1.contractHash,
};

describe('what stands on the wire', () => {
  test('is what the seed sent: plain text for settings, nothing for actions', () => {
    expect(textOf(codecs['update/interval'].encode(10_000))).toBe('10000');
    expect(textOf(codecs['update/use_url'].encode(1))).toBe('1');
    expect(textOf(codecs['update/url'].encode('https://a.de:8070/x.bin'))).toBe('https://a.de:8070/x.bin');
    expect(codecs.restart.encode(undefined)).toHaveLength(0);
    expect(codecs['update/run'].encode(undefined)).toHaveLength(0);
  });

  test('is one JSON object with members in the order of the schema', () => {
    expect(textOf(codecs.status.encode({ online: false }))).toBe('{"online":false}');
    const { contractHash } = secureEspV1;
    expect(textOf(codecs.status.encode(STATUS))).toBe(
      `{"online":true,"project":"secure_esp","version":"1.2.3-4-gabcdef0-dirty","chip":"esp32c3","bootId":4294967295,"resetReason":"power_on","protocol":1,"contract":"${contractHash}"}`,
    );
    expect(textOf(codecs['replies/{client}'].encode({ ok: true, run: 3 }))).toBe('{"ok":true,"run":3}');
  });

  test('fits its bound whatever the values are', () => {
    const worst = '"'.repeat(32);
    const longest: DeviceStatus = { ...STATUS, project: worst, version: worst, chip: 'c'.repeat(16), protocol: 65_535 };
    expect(codecs.status.encode(longest).length).toBeLessThanOrEqual(512);
    const state = {
      run: 4_294_967_295,
      state: 'pending_confirm',
      from: worst,
      to: worst,
      bytes: 4_294_967_295,
      total: 4_294_967_295,
      reason: 'version_unparsable',
    } as const;
    expect(codecs['update/state'].encode(state).length).toBeLessThanOrEqual(512);
    const url = `https://${'a'.repeat(247)}`;
    expect(codecs.settings.encode({ url, useUrl: 1, interval: 4_294_967_295 }).length).toBeLessThanOrEqual(512);
    const digest = 'f'.repeat(64);
    const manifest = {
      seq: 1,
      exp: 4_294_967_295,
      project: worst,
      chip: 'c'.repeat(16),
      version: worst,
      secureVersion: 4_294_967_295,
      size: 4_294_967_295,
      sha256: digest,
      image: digest,
      url,
      from: Array.from({ length: 8 }, () => worst),
    };
    expect(documentCodecs.manifest.encode(manifest).length).toBeLessThanOrEqual(1344);
  });
});

test.each<[keyof SecureEspV1['topics'], string, string]>([
  ['update/interval', '300', 'ok'],
  ['update/interval', '9999999', 'ok'],
  ['update/interval', '299', 'out_of_range'],
  ['update/interval', '10000000', 'out_of_range'],
  ['update/interval', '10,000', 'bad_payload'],
  ['update/use_url', '2', 'out_of_range'],
  ['update/use_url', 'true', 'bad_payload'],
  ['update/url', 'http://a/', 'bad_payload'],
  ['update/url', `https://a/${'b'.repeat(246)}`, 'too_long'],
  ['update/url', '', 'bad_payload'],
  ['restart', 'now', 'bad_payload'],
  ['log', '', 'ok'],
  ['log', 'x'.repeat(512), 'too_long'],
  ['status', '{"online":false}', 'ok'],
  ['status', '{"online":true}', 'bad_payload'],
  ['status', '{"online":"false"}', 'bad_payload'],
  ['replies/{client}', '{"ok":true}', 'ok'],
  ['replies/{client}', '{"detail":"d","code":"busy","ok":false}', 'ok'],
  ['replies/{client}', '{"ok":true,"code":1,"detail":2}', 'ok'],
  ['replies/{client}', '{"ok":false,"code":"BUSY","detail":""}', 'bad_payload'],
])('%s takes or refuses %j: %s', (leaf, payload, verdict) => {
  const result = codecs[leaf].decode(encodeUtf8(payload));
  expect(result.ok ? 'ok' : result.code).toBe(verdict);
});

test('no command is retained and each expires, so a stale one cannot fire again', () => {
  for (const topic of Object.values(topics)) {
    if (topic.direction === 'command') expect(topic.expirySeconds).toBeLessThanOrEqual(60);
    expect(topic.qos).toBe(1);
  }
  expect(topics.restart.expirySeconds).toBe(10);
});

test('faults of a payload are reply codes, and no name is listed twice', () => {
  for (const fault of ['bad_payload', 'out_of_range', 'too_long'] as const) expect(REPLY_CODES).toContain(fault);
  expect(new Set(UPDATE_REASONS).size).toBe(UPDATE_REASONS.length);
});

test('types are inferred from the contract', () => {
  expectTypeOf<TopicValue<SecureEspV1, 'update/interval'>>().toEqualTypeOf<number>();
  expectTypeOf<CommandName<SecureEspV1>>().toEqualTypeOf<
    'update/url' | 'update/use_url' | 'update/interval' | 'update/run' | 'restart'
  >();
  expectTypeOf<EventName<SecureEspV1>>().toEqualTypeOf<
    'log' | 'status' | 'update/state' | 'settings' | 'replies/{client}'
  >();
  expectTypeOf<Extract<Reply, { ok: false }>['code']>().toEqualTypeOf<(typeof REPLY_CODES)[number]>();
});
