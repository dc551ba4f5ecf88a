import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, vi } from 'vitest';
import { FIRMWARE_IMAGE_ERROR_CODES, FirmwareImageError, isFirmwareImageError } from '@secure-esp/firmware-image';

const read = (path: string): string => readFileSync(fileURLToPath(new URL(path, import.meta.url)), 'utf8');
const readme = read('../README.md');

describe('README', () => {
  it('shows an example that runs', async () => {
    const print = vi.spyOn(console, 'log').mockReturnValue();
    await import('./support/readme-example.js');
    expect(print).toHaveBeenLastCalledWith(expect.stringMatching(/^signed by [0-9a-f]{64}$/));
    print.mockRestore();
    expect(readme).toContain(`\`\`\`ts\n${read('./support/readme-example.ts')}\`\`\``);
  });

  it('lists every error code, and no other', () => {
    const table = readme.slice(readme.indexOf('## Error codes'));
    const documented = [...table.matchAll(/^\| `([a-z0-9_]+)`/gm)].map(([, code]) => code);
    expect(documented.sort()).toEqual([...FIRMWARE_IMAGE_ERROR_CODES].sort());
  });
});

describe('main entry', () => {
  it('imports no Node built-in, so it runs in browsers', () => {
    const files = readdirSync(fileURLToPath(new URL('../src', import.meta.url))).filter((name) => name.endsWith('.ts'));
    const imports = files
      .filter((name) => name !== 'node.ts')
      .flatMap((name) => [...read(`../src/${name}`).matchAll(/from '([^']+)'/g)].map(([, from = '']) => from));
    expect(imports.length).toBeGreaterThan(20);
    expect(imports.filter((from) => !from.startsWith('./') || from.startsWith('./node'))).toEqual([]);
  });
});

describe('isFirmwareImageError', () => {
  it('goes by name and code, since two copies of the package have two classes', () => {
    const foreign = Object.assign(new Error('x'), { name: 'FirmwareImageError', code: 'bad_key' });
    expect(isFirmwareImageError(foreign)).toBe(true);
    expect(isFirmwareImageError(new FirmwareImageError('bad_hash', 'x', { cause: 1 }))).toBe(true);
    expect(isFirmwareImageError(Object.assign(new Error('x'), { code: 'bad_key' }))).toBe(false);
    expect(isFirmwareImageError(Object.assign(foreign, { code: 'other' }))).toBe(false);
    expect(isFirmwareImageError({ name: 'FirmwareImageError', code: 'bad_key' })).toBe(false);
  });
});
