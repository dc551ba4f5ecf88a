import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { OTA_ERROR_CODES, PROBLEMS } from '../../src/index.js';

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
});
