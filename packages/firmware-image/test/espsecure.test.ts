import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createPublicKey } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  buildImage,
  keyTypeOf,
  signImage,
  verifyImage,
  type ChipName,
  type SignatureScheme,
} from '@secure-esp/firmware-image';
import { testKey } from './support/keys.js';

const run = promisify(execFile);
const venv = fileURLToPath(new URL('../../../.venv/bin/', import.meta.url));
const candidates = [process.env['SECURE_ESP_ESPSECURE'], `${venv}espsecure`, `${venv}espsecure.py`];
const espsecure = candidates.find((path) => path !== undefined && path !== '' && existsSync(path));
const inCi = Boolean(process.env['CI']);
const title = espsecure === undefined ? 'espsecure (skipped: not found, set SECURE_ESP_ESPSECURE)' : 'espsecure';

/** Version 4 spells its commands with underscores, and is installed as a `.py` file only. */
const command = (name: string): string => (espsecure?.endsWith('.py') === true ? name.replaceAll('-', '_') : name);
const call = (...args: string[]): Promise<{ stdout: string }> => run(espsecure ?? 'espsecure', args);

describe.skipIf(espsecure === undefined && !inCi)(title, () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'firmware-image-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('is present', () => {
    expect(espsecure, 'CI needs espsecure: set SECURE_ESP_ESPSECURE').toBeDefined();
  });

  const cases: [SignatureScheme, ChipName][] = [
    ['v1-ecdsa-p256', 'esp32'],
    ['v2-rsa-3072', 'esp32s3'],
    ['v2-ecdsa-p256', 'esp32c6'],
    ['v2-ecdsa-p384', 'esp32p4'],
  ];
  it.each(cases)('%s: agrees with us in both directions', { timeout: 60_000 }, async (scheme, chip) => {
    const file = (name: string): string => join(folder, `${scheme}-${name}`);
    const { pem, signer, trusted } = testKey(keyTypeOf(scheme), scheme);
    const version = scheme.startsWith('v1') ? '1' : '2';
    const plain = await buildImage({ chip, project: 'demo', version: '1.0.0', payload: new Uint8Array(5000).fill(3) });
    const ours = await signImage(plain, signer);
    await writeFile(file('key.pem'), pem, { mode: 0o600 });
    await writeFile(file('pub.pem'), createPublicKey(pem).export({ type: 'spki', format: 'pem' }));
    await writeFile(file('plain.bin'), plain);
    await writeFile(file('ours.bin'), ours);

    const withKey = (name: string): string[] => ['--version', version, '--keyfile', file(name)];
    const verified = await call(command('verify-signature'), ...withKey('pub.pem'), file('ours.bin'));
    expect(verified.stdout).toMatch(/verified|verification successful|is valid/i);

    await call(command('sign-data'), ...withKey('key.pem'), '--output', file('theirs.bin'), file('plain.bin'));
    const theirs = new Uint8Array(await readFile(file('theirs.bin')));
    expect(theirs).toHaveLength(ours.length);
    expect(await verifyImage(theirs, trusted)).toMatchObject({ ok: true, scheme, keyDigest: signer.keyDigest });

    if (version === '2') {
      await call(command('digest-sbv2-public-key'), '--keyfile', file('pub.pem'), '--output', file('digest.bin'));
      expect((await readFile(file('digest.bin'))).toString('hex')).toBe(signer.keyDigest);
    }
    await writeFile(
      file('broken.bin'),
      ours.map((byte, index) => (index === 100 ? byte ^ 1 : byte)),
    );
    await expect(call(command('verify-signature'), ...withKey('pub.pem'), file('broken.bin'))).rejects.toThrow();
  });

  it('agrees about a second block, whoever appends it', { timeout: 60_000 }, async () => {
    const file = (name: string): string => join(folder, `append-${name}`);
    const [first, second] = [testKey('p256', 'v2-ecdsa-p256'), testKey('p256', 'v2-ecdsa-p256')];
    const one = await signImage(await buildImage({ chip: 'esp32c6', project: 'demo', version: '1.0.0' }), first.signer);
    await writeFile(file('key.pem'), second.pem, { mode: 0o600 });
    await writeFile(file('one.bin'), one);
    await writeFile(file('two.bin'), await signImage(one, second.signer, { existing: 'append' }));
    const options = ['--version', '2', '--keyfile', file('key.pem')];
    await call(command('verify-signature'), ...options, file('two.bin'));
    const append = `--${command('append-signatures')}`;
    await call(command('sign-data'), ...options, append, '--output', file('theirs.bin'), file('one.bin'));
    const theirs = new Uint8Array(await readFile(file('theirs.bin')));
    for (const { trusted } of [first, second]) expect(await verifyImage(theirs, trusted)).toMatchObject({ ok: true });
  });
});
