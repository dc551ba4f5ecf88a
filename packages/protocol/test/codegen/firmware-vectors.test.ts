import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { generateTestVectors } from '../../src/codegen/index.js';
import { secureEspV1 } from '../../src/index.js';

// Answered by the firmware's C, and seeds of its fuzzers (firmware/test).
const FOLDER = join(import.meta.dirname, '../golden/secure-esp/vectors');
const files = generateTestVectors(secureEspV1);

test.each(files)('the committed $path is what the contract generates', ({ path, content }) => {
  const file = join(FOLDER, basename(path));
  if (process.env['UPDATE_GENERATED'] === '1') {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  }
  expect(existsSync(file), `${file} is missing: run with UPDATE_GENERATED=1`).toBe(true);
  expect(content).toBe(readFileSync(file, 'utf8'));
});

test('there is no other file beside them', () => {
  expect(readdirSync(FOLDER).sort()).toEqual(files.map(({ path }) => basename(path)).sort());
});
