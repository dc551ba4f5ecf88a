import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { temporaryFolder, vectorsFolder } from './support/environment.js';
import { runCli } from './support/program.js';
import { useFixedPorts } from './support/fixed-ports.js';

useFixedPorts();

const vectors = vectorsFolder();

describe.skipIf(vectors === undefined)(
  'secure-esp demo --image, with binaries as their projects published them',
  () => {
    test.each([
      {
        file: 'wled-0.14.4-esp32.bin',
        chip: 'esp32',
        scheme: 'v1-ecdsa-p256',
        args: ['--image-version', '2.0.0'],
        version: '2.0.0',
      },
      { file: 'espbox3-factory-test-app-esp32s3.bin', chip: 'esp32s3', scheme: 'v2-rsa-3072', args: [], version: '1' },
      {
        file: 'oepl-20241116-esp32c6.bin',
        chip: 'esp32c6',
        scheme: 'v2-ecdsa-p256',
        args: [],
        version: '2.70-10-g4488239d-dirty',
      },
      {
        file: '../signed/signed-app/app-esp32c6-v2-ecdsa256-key1.bin',
        chip: 'esp32c6',
        scheme: 'v2-ecdsa-p256',
        args: ['--image-version', '9.0.0'],
        version: '9.0.0',
      },
    ])('$chip: $file is signed with $scheme and confirmed', async ({ file, chip, scheme, args, version }) => {
      const dir = await temporaryFolder();
      const image = join(vectors ?? '', 'real', file);
      const { output, code } = await runCli(['demo', '--once', '--devices', '1', '--image', image, ...args], dir);
      expect(output).toContain(`for ${chip}, signed with ${scheme}`);
      expect(output).toContain(`-> ${version}, confirmed`);
      expect(code).toBe(0);
    });
  },
);
