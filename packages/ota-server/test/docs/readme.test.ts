import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { OTA_ERROR_CODES, OTA_LIMIT_DEFAULTS, OTA_SERVER_DEFAULTS, PROBLEMS } from '../../src/index.js';

const readme = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8');

const codesIn = (heading: string): string[] => {
  const section = readme.split(`## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  return [...section.matchAll(/^\| `([a-z_]+)`/gm)].map((match) => match[1] ?? '');
};

describe('the README', () => {
  it('lists every error code, and no other', () => {
    expect(codesIn('Error codes').sort()).toEqual([...OTA_ERROR_CODES].sort());
  });

  it('lists every error reply with its status, and no other', () => {
    expect(codesIn('Error replies').sort()).toEqual(Object.keys(PROBLEMS).sort());
    for (const [code, { status }] of Object.entries(PROBLEMS)) {
      expect(readme.replaceAll(/ +/g, ' ')).toContain(`| \`${code}\` | ${status} |`);
    }
  });

  it('lists every limit with its default, a reason, and no other', () => {
    const section = readme.split('## Limits\n')[1]?.split('\n## ')[0] ?? '';
    const rows = [...section.matchAll(/^\| `([A-Za-z.]+)` +\| ([^|]+?) +\| ([^|]+?) +\|$/gm)];
    const documented = rows.map(([, option = '', value = '']) => [option, value]);
    const { requestsPerClient, ...counts } = OTA_LIMIT_DEFAULTS;
    const { requests, perSeconds } = requestsPerClient;
    expect(Object.fromEntries(documented)).toEqual({
      ...Object.fromEntries(Object.entries(counts).map(([name, value]) => [`limits.${name}`, written(name, value)])),
      'limits.requestsPerClient': `${requests} in ${perSeconds} s`,
      ...Object.fromEntries(Object.entries(OTA_SERVER_DEFAULTS).map(([name, value]) => [name, written(name, value)])),
    });
    for (const [, option, , reason = ''] of rows) expect([option, reason.length > 40]).toEqual([option, true]);
    expect(Object.isFrozen(OTA_SERVER_DEFAULTS) && Object.isFrozen(OTA_LIMIT_DEFAULTS)).toBe(true);
  });
});

/** As people write it, by the unit in its name. */
function written(name: string, value: number): string {
  if (name.endsWith('Ms'))
    return value % 60_000 === 0 && value > 60_000 ? `${value / 60_000} min` : `${value / 1000} s`;
  if (name.endsWith('BytesPerSecond')) return `${value / 1024} KiB/s`;
  if (name.endsWith('Bytes')) return `${value / 1024} KiB`;
  return value >= 10_000 ? value.toLocaleString('en-US') : String(value);
}
