import { writeFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildImage, signImage, type ChipName } from '@secure-esp/firmware-image';
import { signerFromPem } from '@secure-esp/firmware-image/node';
import { createManifestSigner } from '@secure-esp/ota-server';
import { initPki } from '@secure-esp/pki';
import { describe, expect, test } from 'vitest';
import { temporaryFolder } from './support/environment.js';
import { runCli } from './support/program.js';

const build = (version: string, project = 'secure_esp', chip: ChipName = 'esp32'): Promise<Uint8Array> =>
  buildImage({ chip, project, version, payload: new Uint8Array(4096).fill(7) });

describe('what a device would refuse is refused when it is signed or published, each with its own reason', () => {
  test('unsigned, foreign key, flipped byte, truncated, same and lower version, other project, other chip, not an image', async () => {
    const dir = await temporaryFolder();
    const tree = await initPki({ dir: join(dir, '.secure-esp'), chips: ['esp32', 'esp32c6'] });
    const foreign = await initPki({ dir: join(dir, 'foreign') });
    const signer = signerFromPem(await tree.firmwareKey('v1-ecdsa-p256'), 'v1-ecdsa-p256');
    const good = await signImage(await build('1.1.0'), signer);
    const flipped = Uint8Array.from(good);
    flipped[1000] = (flipped[1000] ?? 0) ^ 1;

    const publish = async (name: string, bytes: Uint8Array, ...args: string[]): Promise<string> => {
      await writeFile(join(dir, name), bytes);
      const { code, output } = await runCli(['ota', 'publish', name, ...args], dir);
      expect(output).not.toMatch(/\n\s+at /);
      return code === 0 ? 'published' : output;
    };
    expect(await publish('good.bin', good)).toBe('published');
    expect(await publish('unsigned.bin', await build('1.2.0'))).toContain('unsigned');
    const foreignSigner = signerFromPem(await foreign.firmwareKey('v1-ecdsa-p256'), 'v1-ecdsa-p256');
    // A v1 block does not name its key: a foreign signature and a broken one cannot be told apart.
    expect(await publish('foreign.bin', await signImage(await build('1.2.0'), foreignSigner))).toMatch(
      /bad_signature|untrusted_key/,
    );
    expect(await publish('flipped.bin', flipped)).toMatch(/bad_checksum|bad_hash/);
    expect(await publish('truncated.bin', good.subarray(0, 3000))).toContain('truncated');
    expect(await publish('same.bin', await signImage(await build('1.1.0'), signer))).toContain('same_version');
    expect(await publish('lower.bin', await signImage(await build('1.0.9'), signer))).toContain('lower_version');
    const other = await signImage(await build('1.2.0', 'other'), signer);
    expect(await publish('project.bin', other, '--project', 'secure_esp')).toContain('wrong_project');
    const c6Signer = signerFromPem(await tree.firmwareKey('v2-ecdsa-p256'), 'v2-ecdsa-p256');
    const c6 = await signImage(await build('1.2.0', 'secure_esp', 'esp32c6'), c6Signer);
    expect(await publish('chip.bin', c6, '--chip', 'esp32')).toContain('wrong_chip');
    expect(await publish('text.bin', new TextEncoder().encode('not an image'))).toContain('not_an_image');
    expect(await publish('unparsable.bin', await signImage(await build('nightly'), signer))).toContain(
      'version_unparsable',
    );
    expect(
      await publish('stated.bin', await signImage(await build('nightly'), signer), '--image-version', '1.2.0'),
    ).toBe('published');

    // At signing time: what is not an image, and a scheme that the chip does not verify.
    for (const [file, reason] of [
      ['text.bin', 'not_an_image'],
      ['truncated.bin', 'truncated'],
      ['flipped.bin', 'bad_checksum|bad_hash'],
      ['good.bin', 'already_signed'],
    ] as const) {
      const { code, output } = await runCli(['image', 'sign', file], dir);
      expect([code, output]).toEqual([1, expect.stringMatching(new RegExp(reason))]);
    }
    await writeFile(join(dir, 'c6.bin'), await build('1.0.0', 'secure_esp', 'esp32c6'));
    const scheme = await runCli(['image', 'sign', 'c6.bin', '--scheme', 'v1-ecdsa-p256'], dir);
    expect([scheme.code, scheme.output]).toEqual([1, expect.stringContaining('unsupported_scheme')]);

    // What was refused left nothing behind.
    const verify = await runCli(['image', 'verify', 'good.bin'], dir);
    expect([verify.code, verify.output]).toEqual([0, expect.stringContaining('good v1-ecdsa-p256 signature')]);
    expect(await createManifestSigner(await readFile(tree.paths.releaseKey, 'utf8'))).toBeDefined();
  });
});
