import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  generateAsyncApi,
  generateEmqxAcl,
  generateJsonSchemas,
  generateTestVectors,
  generateTopicTable,
} from '../../src/codegen/index.js';
import { secureEspV1, type Protocol } from '../../src/index.js';
import { GOLDEN_CONTRACTS } from '../golden/contracts.js';
import { wideContract } from '../support/wide-contract.js';

/** Test vectors are many: those of two contracts are enough to review. */
const WITH_VECTORS = ['secure-esp', 'json-union'];

const filesOf = (protocol: Protocol) => [
  generateAsyncApi(protocol),
  ...generateJsonSchemas(protocol),
  { path: 'topics.md', content: generateTopicTable(protocol) },
  { path: 'emqx_acl.conf', content: generateEmqxAcl(protocol, { operators: ['operator'] }) },
  ...(WITH_VECTORS.includes(protocol.name) ? generateTestVectors(protocol) : []),
];

describe.each([secureEspV1 as Protocol, ...GOLDEN_CONTRACTS].map((protocol) => ({ protocol, name: protocol.name })))(
  '$name',
  ({ protocol, name }) => {
    test.each(filesOf(protocol))('generates the reviewed bytes of $path', ({ path, content }) => {
      const folder = join(import.meta.dirname, '../golden', name);
      const file = join(folder, path);
      if (process.env['UPDATE_GENERATED'] === '1') {
        mkdirSync(dirname(file), { recursive: true });
        writeFileSync(file, content);
      }
      expect(existsSync(file), `${file} is missing: run with UPDATE_GENERATED=1`).toBe(true);
      expect(content).toBe(readFileSync(file, 'utf8'));
    });
  },
);

describe('every document', () => {
  const files = [secureEspV1 as Protocol, wideContract as Protocol, ...GOLDEN_CONTRACTS].flatMap(filesOf);

  test.each(files)('$path has LF, one final newline and no date', ({ content }) => {
    expect(content).toMatch(/[^\n]\n$/);
    expect(content).not.toMatch(/\r|[ \t]$|20[0-9]{2}-(?!12\/schema)[0-9]{2}/m);
  });

  test('is the same for equal contracts', () => {
    expect(filesOf(wideContract)).toEqual(filesOf(wideContract));
  });
});
