import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { PROTOCOL_ERROR_CODES } from '../src/index.js';

const readme = readFileSync(join(import.meta.dirname, '../README.md'), 'utf8');

test('lists every error code, and no other', () => {
  const table = readme.slice(readme.indexOf('| `ProtocolError.code`'), readme.indexOf('`isProtocolError(error)`'));
  const codes = [...table.matchAll(/^\| `([a-z_]+)` /gm)].map(([, code]) => code);
  expect(codes).toEqual(PROTOCOL_ERROR_CODES);
});

test('its example runs and says what its comments say', async () => {
  const quoted = /```ts\n([\s\S]*?)```/.exec(readme)?.[1];
  expect(quoted).toBe(readFileSync(join(import.meta.dirname, 'readme-example.ts'), 'utf8'));
  const lines: unknown[][] = [];
  const log = vi.spyOn(console, 'log').mockImplementation((...values: unknown[]) => void lines.push(values));
  try {
    await import('./readme-example.js');
  } finally {
    log.mockRestore();
  }
  expect(lines[0]).toEqual([
    '/green/devices/house-7/valve/open',
    { leaf: 'valve/open', scope: 'device', device: 'house-7' },
  ]);
  expect(lines[1]).toEqual([{ ok: true, value: 40 }]);
  expect(lines[2]).toMatchObject([{ ok: false, code: 'out_of_range' }]);
  expect(lines.slice(4).map(([path]) => path)).toEqual([
    'greenhouse_topics.h',
    'greenhouse_protocol.h',
    'greenhouse_protocol.c',
  ]);
});
