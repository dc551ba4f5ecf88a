import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { OTA_ERROR_CODES, PROBLEMS } from '../../src/index.js';
import { device, deviceCa, server as pair, serverCa } from '../fixtures/certificates.js';
import { firmwareKey, releaseKey, signedImage } from '../fixtures/firmware.js';
import { get } from '../fixtures/https-client.js';
import { temporaryDirectory } from '../fixtures/temporary-directory.js';
import { serve } from './readme-example.js';

const readme = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8');

const codesIn = (heading: string): string[] => {
  const section = readme.split(`## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  return [...section.matchAll(/^\| `([a-z_]+)`/gm)].map((match) => match[1] ?? '');
};

describe('the README', () => {
  it('shows an example that is this program', () => {
    const example = readFileSync(join(import.meta.dirname, 'readme-example.ts'), 'utf8');
    expect(/```ts\n([\s\S]*?)```/.exec(readme)?.[1]).toBe(example);
  });

  it('shows an example that serves a device', async () => {
    const dir = await temporaryDirectory();
    const image = join(dir, 'app.bin');
    await writeFile(image, await signedImage());
    const keys = { firmwareKey: firmwareKey.publicKey, releaseKey: releaseKey.privateKey };
    await using server = await serve({
      image,
      dir: join(dir, 'store'),
      ...pair,
      deviceCa,
      operatorCa: serverCa,
      ...keys,
    });
    expect((await get(server.port, '/secure_esp.bin', device)).status).toBe(200);
  });

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
