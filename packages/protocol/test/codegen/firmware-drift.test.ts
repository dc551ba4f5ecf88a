import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { generateC } from '../../src/codegen/index.js';
import { secureEspV1 } from '../../src/index.js';

// As `secure-esp codegen c` writes them, so that its --check agrees.
const FOLDER = join(import.meta.dirname, '../../../../firmware/components/secure_esp_core/generated');

test.each(generateC(secureEspV1))(
  'the committed firmware header or source $path is what the contract generates',
  ({ path, content }) => {
    const file = join(FOLDER, path);
    if (process.env['UPDATE_GENERATED'] === '1') {
      mkdirSync(FOLDER, { recursive: true });
      writeFileSync(file, content);
    }
    expect(readFileSync(file, 'utf8')).toBe(content);
  },
);
