import { matchTopic, secureEspV1, withRoot } from '@secure-esp/protocol';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { permissionsOf, type Peer } from '../src/permissions.js';

const permissions = permissionsOf(secureEspV1);
const esp: Peer = { role: 'device', commonName: 'esp-001' };
const operator: Peer = { role: 'operator', commonName: 'operator' };

const level = fc.oneof(
  fc.constantFrom('', 'esp', 'devices', 'esp-001', 'esp-002', '+', '#', '$SYS', 'test', 'replies', 'x'.repeat(16)),
  fc.constantFrom(...Object.keys(secureEspV1.topics)),
);
const topic = fc.oneof(
  fc.array(level, { minLength: 1, maxLength: 5 }).map((levels) => levels.join('/')),
  fc
    .tuple(fc.constantFrom('esp-001', 'esp-002'), fc.constantFrom(...Object.keys(secureEspV1.topics)))
    .map(([id, leaf]) => `/esp/devices/${id}/${leaf.replace('{client}', 'c'.repeat(16))}`),
);

describe('permissions', () => {
  test('a device receives exactly the commands to all and to itself', () => {
    fc.assert(
      fc.property(topic, (name) => {
        const match = matchTopic(secureEspV1, name);
        const isCommand = match !== undefined && secureEspV1.topics[match.leaf].direction === 'command';
        const isForIt = match?.scope === 'all' || match?.device === 'esp-001';
        expect(permissions.mayReceive(esp, name)).toBe(isCommand && isForIt);
      }),
      { numRuns: 2_000 },
    );
  });

  test('a device publishes nothing but events of its own and the common log', () => {
    fc.assert(
      fc.property(topic, (name) => {
        if (!permissions.mayPublish(esp, name)) return;
        expect(name === '/esp/log' || name.startsWith('/esp/devices/esp-001/')).toBe(true);
        // The ACL knows no characters of a reply's client id: any one level.
        expect(name.startsWith('/esp/devices/esp-001/replies/') || matchTopic(secureEspV1, name)).toBeTruthy();
      }),
      { numRuns: 2_000 },
    );
  });

  test('a name with wildcard characters opens nothing', () => {
    for (const commonName of ['+', '#', '', 'esp-001/x']) {
      expect(permissions.mayReceive({ role: 'device', commonName }, '/esp/devices/esp-001/restart')).toBe(false);
    }
  });

  test('nobody publishes to what is no topic name, where a rule takes any level', () => {
    for (const level of ['+', '#', 'a+', 'a\0b']) {
      expect(permissions.mayPublish(esp, `/esp/devices/esp-001/replies/${level}`)).toBe(false);
      expect(permissions.mayPublish(operator, `/esp/devices/${level}/status`)).toBe(false);
    }
  });

  test('operators command, and read every event', () => {
    expect(permissions.mayPublish(operator, '/esp/devices/esp-001/update/run')).toBe(true);
    expect(permissions.mayReceive(operator, '/esp/devices/esp-001/log')).toBe(true);
    expect(permissions.mayPublish(operator, '/esp/devices/esp-001/log')).toBe(false);
    expect(permissions.mayPublish(operator, '$SYS/broker')).toBe(false);
  });

  test('the rules move with the root', () => {
    const moved = permissionsOf(withRoot(secureEspV1, '/acme'));
    expect(moved.mayReceive(esp, '/acme/restart')).toBe(true);
    expect(moved.mayReceive(esp, '/esp/restart')).toBe(false);
  });
});
