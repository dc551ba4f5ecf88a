import { command, defineProtocol, empty } from '@secure-esp/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addCommands } from '../src/commands/command-tree.js';
import { camelCase } from '../src/naming.js';

describe('names', () => {
  it('are the leaf in camel case', () => {
    expect(['use_url', 'use-url', 'url', 'a_b-c', '_x', 'x_', 'set_2nd'].map(camelCase)).toEqual([
      'useUrl',
      'useUrl',
      'url',
      'aBC',
      'X',
      'x',
      'set2nd',
    ]);
  });

  it('never reach a prototype, whatever a contract calls its commands', () => {
    const name = fc.oneof(
      fc.constantFrom('__proto__', 'constructor', 'prototype', 'toString', 'then', 'name', 'length', 'caller', 'call'),
      fc.stringMatching(/^[A-Za-z][A-Za-z0-9]{0,8}$/),
    );
    const leaf = fc.array(name, { minLength: 1, maxLength: 4 }).map((levels) => levels.join('/'));
    const names = fc.uniqueArray(leaf, { maxLength: 12, selector: (one) => one.split('/').map(camelCase).join('/') });
    const before = [Object.getOwnPropertyNames(Object.prototype), Object.getOwnPropertyNames(Function.prototype)];
    fc.assert(
      fc.property(names, (leaves) => {
        const usable = leaves.filter((one) => !one.startsWith('devices') && one.length <= 64);
        const topics = Object.fromEntries(usable.map((one) => [one, command(empty(), { description: 'x' })]));
        const target = {};
        addCommands(target, defineProtocol({ name: 'x', version: 1, root: '/x', topics }), (called) =>
          Promise.resolve(called),
        );
        expect(Object.getPrototypeOf(target)).toBe(Object.prototype);
        expect(Object.hasOwn(target, 'then')).toBe(false);
        for (const one of usable) {
          const path = one.split('/').map(camelCase);
          if (path[0] === 'then') continue;
          const found = path.reduce<unknown>((node, level) => (node as Record<string, unknown>)[level], target);
          expect(found).toBeTypeOf('function');
        }
      }),
    );
    expect([Object.getOwnPropertyNames(Object.prototype), Object.getOwnPropertyNames(Function.prototype)]).toEqual(
      before,
    );
  });
});
