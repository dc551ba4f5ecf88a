import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { BROKER_ERROR_CODES, BrokerError, isBrokerError } from '../src/index.js';

describe('BrokerError', () => {
  test('every code is explained in the README, and no other', () => {
    const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
    const table = readme.slice(readme.indexOf('## Errors'));
    const documented = [...table.matchAll(/^\| `([a-z_]+)` /gm)].map(([, code]) => code);
    expect(documented.sort()).toEqual([...BROKER_ERROR_CODES].sort());
  });

  test('is known by name and code, also from another copy of the package', () => {
    expect(isBrokerError(new BrokerError('closed', 'it is closed'))).toBe(true);
    expect(isBrokerError(Object.assign(new Error('copy'), { name: 'BrokerError', code: 'closed' }))).toBe(true);
    expect(isBrokerError(Object.assign(new Error('other'), { name: 'BrokerError', code: 'other' }))).toBe(false);
    expect(isBrokerError({ name: 'BrokerError', code: 'closed' })).toBe(false);
  });

  test('carries cause, port and log', () => {
    const cause = new Error('EADDRINUSE');
    expect(new BrokerError('port_taken', 'taken', { cause, port: 8883 })).toMatchObject({ cause, port: 8883, log: [] });
    expect('cause' in new BrokerError('closed', 'closed')).toBe(false);
  });
});
