import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  DEVICE_ID_MAX_BYTES,
  isDeviceId,
  isParameterValue,
  isProtocolError,
  matchTopic,
  secureEspV1,
  topicOf,
  withRoot,
  type Address,
} from '../src/index.js';

const CLIENT = 'client-0123456789';

describe('topicOf', () => {
  test.each([
    ['update/url', { scope: 'all' }, '/esp/update/url'],
    ['update/url', { scope: 'device', device: 'esp-001' }, '/esp/devices/esp-001/update/url'],
    ['restart', { scope: 'device', device: '+' }, '/esp/devices/+/restart'],
    ['replies/{client}', { scope: 'device', device: 'a', client: CLIENT }, `/esp/devices/a/replies/${CLIENT}`],
    ['replies/{client}', { scope: 'device', device: '+', client: '+' }, '/esp/devices/+/replies/+'],
  ] as const)('%s for %j is %s', (leaf, address: Address, topic) => {
    expect(topicOf(secureEspV1, leaf, address)).toBe(topic);
  });

  test.each([
    ['status', { scope: 'all' }],
    ['update/url', { scope: 'device', device: 'a/b' }],
    ['update/url', { scope: 'device', device: '' }],
    ['update/url', { scope: 'device', device: '#' }],
    ['update/url', { scope: 'device', device: 'é' }],
    ['update/url', { scope: 'device', device: 'x'.repeat(65) }],
    ['replies/{client}', { scope: 'device', device: 'a' }],
    ['replies/{client}', { scope: 'device', device: 'a', client: 'short' }],
  ] as const)('refuses %s for %j', (leaf, address: Address) => {
    let thrown: unknown;
    try {
      topicOf(secureEspV1, leaf, address);
    } catch (error) {
      thrown = error;
    }
    expect(isProtocolError(thrown) && [thrown.code, thrown.path]).toEqual(['invalid_topic', leaf]);
  });
});

describe('matchTopic', () => {
  test.each([
    ['/esp/update/url', { leaf: 'update/url', scope: 'all' }],
    ['/esp/devices/a/update/state', { leaf: 'update/state', scope: 'device', device: 'a' }],
    [`/esp/devices/a/replies/${CLIENT}`, { leaf: 'replies/{client}', scope: 'device', device: 'a', client: CLIENT }],
  ])('%s means %j', (topic, match) => {
    expect(matchTopic(secureEspV1, topic)).toStrictEqual(match);
  });

  test.each([
    '',
    '/',
    '/esp',
    '/esp/',
    'esp/update/url',
    '/esp/update',
    '/esp/update/urlx',
    '/esp/update/url/',
    '/esp//update/url',
    '/ESP/update/url',
    '/esp/status',
    '/esp/devices',
    '/esp/devices/',
    '/esp/devices/a',
    '/esp/devices/a/',
    '/esp/devices/+/restart',
    '/esp/devices/a b/restart',
    `/esp/devices/${'a'.repeat(65)}/restart`,
    '/esp/devices/a/devices/a/restart',
    '/esp/devices/a/replies/short',
    '/esp/devices/a/replies/+',
    '/esp/#',
    '/other/update/url',
  ])('%j means nothing', (topic) => {
    expect(matchTopic(secureEspV1, topic)).toBeUndefined();
  });

  test('inverts topicOf, below any root', () => {
    const device = fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/);
    const client = fc.stringMatching(/^[A-Za-z0-9_-]{16,64}$/);
    const leaves = Object.keys(secureEspV1.topics) as (keyof typeof secureEspV1.topics)[];
    fc.assert(
      fc.property(
        fc.constantFrom(...leaves),
        device,
        client,
        fc.constantFrom('/esp', '/acme/plant-7'),
        (leaf, id, other, root) => {
          const protocol = withRoot(secureEspV1, root);
          const topic = topicOf(protocol, leaf, { scope: 'device', device: id, client: other });
          const named = leaf.includes('{client}') ? { client: other } : {};
          expect(matchTopic(protocol, topic)).toStrictEqual({ leaf, scope: 'device', device: id, ...named });
        },
      ),
    );
  });
});

test('device ids are [A-Za-z0-9_-]{1,64}, so that they need no escaping anywhere', () => {
  for (const id of ['a', 'ESP_32-c3', '0'.repeat(DEVICE_ID_MAX_BYTES)]) expect(isDeviceId(id)).toBe(true);
  for (const id of ['', 'a/b', '+', '#', 'a b', 'ä', 'a\n', 'a.b', '0'.repeat(DEVICE_ID_MAX_BYTES + 1)])
    expect(isDeviceId(id)).toBe(false);
  expect(isParameterValue('client', 'a'.repeat(15))).toBe(false);
  expect(isParameterValue('client', 'a'.repeat(16))).toBe(true);
});
