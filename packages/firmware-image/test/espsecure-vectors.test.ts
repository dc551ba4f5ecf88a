import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SIGNATURE_SCHEMES, verifyImage } from '@secure-esp/firmware-image';
import { trustedFromPem } from '@secure-esp/firmware-image/node';
import { espsecureTitle, espsecureVerifies, skipWithoutEspsecure } from './support/espsecure.js';
import {
  keyPath,
  readKey,
  readVector,
  signedVectors,
  vectorKeys,
  vectorsPresent,
  vectorsTitle,
} from './support/vectors.js';

/** Signed, or meant to look signed. */
const vectors = signedVectors().filter(
  ({ file, signature }) => /v1-|v2|signed/.test(file) || Object.keys(signature).length > 0,
);
const keys = Object.entries(vectorKeys())
  .filter(([path, { type }]) => type !== 'ecdsa-secp192r1' && path.includes('_pubkey') && path.endsWith('.pem'))
  .map(([path, { type }]) => ({ name: path.replace('keys/', ''), type }));

interface Pair {
  readonly file: string;
  readonly key: string;
  readonly device: boolean;
  readonly tool: boolean;
}

describe.skipIf(!vectorsPresent || skipWithoutEspsecure)(
  vectorsTitle(espsecureTitle('espsecure and the vectors')),
  () => {
    let folder: string;
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'firmware-image-'));
    });
    afterAll(() => rm(folder, { recursive: true, force: true }));

    /** Of the kind that the file is signed with, as its name says: signed by another kind, a file says nothing about a key. */
    const keysFor = (file: string): string[] => {
      const type = /rsa/.test(file) ? 'rsa3072' : /384/.test(file) ? 'ecdsa-secp384r1' : 'ecdsa-secp256r1';
      return keys.filter((key) => key.type === type).map(({ name }) => name);
    };

    it('agrees with us about every file and key, but where the key in the block is not the one that signed', async () => {
      const pairs: Pair[] = [];
      for (const { file } of vectors) {
        const bytes = readVector(file);
        const path = join(folder, 'vector.bin');
        await writeFile(path, bytes);
        const version = /v1-|hello-world-signed|bootloader_signed\.bin/.test(file) ? '1' : '2';
        for (const key of keysFor(file)) {
          // Every scheme and bootloaders too: the tool asks neither for the chip nor for a descriptor.
          const options = { schemes: SIGNATURE_SCHEMES, maxBlocks: 3, kind: 'any' } as const;
          const { ok } = await verifyImage(bytes, trustedFromPem(readKey(key)), options);
          pairs.push({ file, key, device: ok, tool: await espsecureVerifies(version, keyPath(key), path) });
        }
      }
      expect(pairs.filter(({ device, tool }) => device && tool).length).toBeGreaterThan(10);
      // The tool verifies with the key it is given and never looks at the one inside the block, as the device does.
      expect(pairs.filter(({ device, tool }) => device !== tool)).toEqual([
        {
          file: 'signed/corrupt/v2rsa-foreign-key.bin',
          key: 'rsa_secure_boot_signing_pubkey.pem',
          device: false,
          tool: true,
        },
      ]);
    }, 300_000);
  },
);
