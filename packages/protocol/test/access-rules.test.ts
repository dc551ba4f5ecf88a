import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { accessRules, matchesFilter, secureEspV1, topicOf, type Protocol, type Role } from '../src/index.js';
import { wideContract } from './support/wide-contract.js';

const CLIENT = 'client-0123456789';

/** What a broker with the rules allows. */
function allowed(protocol: Protocol, role: Role, access: 'read' | 'write', topic: string, ownDevice?: string): boolean {
  return accessRules(protocol).some(
    (rule) => rule.role === role && rule.access.includes(access) && matchesFilter(rule.filter, topic, ownDevice),
  );
}

describe.each([
  ['secure-esp version 1', secureEspV1 as Protocol],
  ['a contract with every feature', wideContract as Protocol],
])('the rules of %s', (_name, protocol) => {
  const topics = Object.entries(protocol.topics).flatMap(([leaf, definition]) =>
    definition.scopes.map((scope) => ({
      leaf,
      definition,
      scope,
      of: (device: string) => topicOf(protocol, leaf, scope === 'all' ? { scope } : { scope, device, client: CLIENT }),
    })),
  );

  test.each(topics)('let the right role do the right thing on $leaf in scope $scope', ({ definition, of }) => {
    const isCommand = definition.direction === 'command';
    const topic = of('esp-001');
    const device = (access: 'read' | 'write'): boolean => allowed(protocol, 'device', access, topic, 'esp-001');
    expect([device('read'), device('write')]).toEqual([isCommand, !isCommand]);
    expect(allowed(protocol, 'operator', 'read', topic)).toBe(true);
    const mayClear = definition.direction === 'event' && definition.retain;
    expect(allowed(protocol, 'operator', 'write', topic)).toBe(isCommand || mayClear);
  });

  test.each(topics.filter(({ scope }) => scope === 'device'))('keep a device off the $leaf of another', ({ of }) => {
    for (const access of ['read', 'write'] as const) {
      expect(allowed(protocol, 'device', access, of('esp-002'), 'esp-001')).toBe(false);
      expect(allowed(protocol, 'device', access, of('esp-002'))).toBe(false);
    }
  });

  test('have no filter in which a device could choose whom it means', () => {
    const filters = accessRules(protocol)
      .filter(({ role }) => role === 'device')
      .map(({ filter }) => filter);
    for (const filter of filters) expect(filter).not.toMatch(/\/devices\/(?!\{device\}\/)|#/);
  });

  test('let a device touch nothing that is not in the contract', () => {
    const level = fc.constantFrom(
      '',
      'devices',
      'esp-001',
      'esp-002',
      'update',
      'url',
      'status',
      'x',
      '+',
      '#',
      '{device}',
    );
    fc.assert(
      fc.property(fc.array(level, { maxLength: 6 }), (levels) => {
        const topic = [protocol.root, ...levels].join('/');
        const mayTouch =
          allowed(protocol, 'device', 'read', topic, 'esp-001') ||
          allowed(protocol, 'device', 'write', topic, 'esp-001');
        const own = topics.some(
          ({ of, leaf }) =>
            of('esp-001') === topic || (leaf.includes('{') && topic.startsWith(of('esp-001').split(CLIENT)[0] ?? '')),
        );
        expect(mayTouch && !own).toBe(false);
      }),
    );
  });
});

test('operators may try their connection, devices may not', () => {
  expect(allowed(secureEspV1, 'operator', 'write', '/test')).toBe(true);
  expect(allowed(secureEspV1, 'device', 'read', '/test', 'esp-001')).toBe(false);
});
