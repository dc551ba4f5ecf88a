import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { isPkiError, PKI_ERROR_CODES, PkiError } from '../src/index.js';

test('the README explains every error code, and no other', async () => {
  const readme = await readFile(join(import.meta.dirname, '..', 'README.md'), 'utf8');
  const rows = [...readme.matchAll(/^\| `(ERR_PKI_[A-Z_]+)`/gm)].map(([, code]) => code);
  expect(rows.sort()).toEqual([...PKI_ERROR_CODES].sort());
});

test('isPkiError knows errors of another copy of the package, and nothing else', () => {
  const copy = Object.assign(new Error('x'), { name: 'PkiError', code: 'ERR_PKI_IO' });
  expect(isPkiError(new PkiError('ERR_PKI_IO', 'x'))).toBe(true);
  expect(isPkiError(copy)).toBe(true);
  const others = [undefined, 'x', new Error('x'), { name: 'PkiError', code: 'ERR_PKI_IO' }];
  for (const other of others) expect(isPkiError(other)).toBe(false);
  expect(isPkiError(Object.assign(new Error('x'), { name: 'PkiError', code: 'ERR_OTHER' }))).toBe(false);
});

test('an error without a cause has none', () => {
  expect('cause' in new PkiError('ERR_PKI_IO', 'x')).toBe(false);
});
