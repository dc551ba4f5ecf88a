/** A process that publishes, for tests that kill it. What it does is in the environment; see `kill.test.ts`. */
import { readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { buildImage, signImage } from '@secure-esp/firmware-image';
import { signerFromPem, trustedFromPem } from '@secure-esp/firmware-image/node';
import {
  createFileFirmwareStore,
  createManifestSigner,
  type FirmwareStore,
  isOtaError,
  publishRelease,
} from '../../src/index.js';

const dir = process.env['DIR'] ?? '';
const firmwareKey = readFileSync(join(dir, 'firmware.pem'), 'utf8');
const signer = await createManifestSigner(readFileSync(join(dir, 'release.pem'), 'utf8'));
const trusted = trustedFromPem(firmwareKey);
const dieAt = Number(process.env['DIE_AT'] ?? NaN);

/** One line, written before anything else happens. */
const say = (line: string): void => {
  writeSync(1, `${line}\n`);
};

let steps = 0;
const step = (): void => {
  if (steps === dieAt) process.kill(process.pid, 'SIGKILL');
  steps += 1;
};

const files = createFileFirmwareStore({ dir: join(dir, 'store'), onStep: step });
const store: FirmwareStore = {
  listReleases: (options) => files.listReleases(options),
  statImage: (options) => files.statImage(options),
  readImage: (options) => files.readImage(options),
  putImage: (options) => files.putImage(options),
  appendRelease: async (options) => {
    await files.appendRelease(options);
    step();
  },
};

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function* slowly(bytes: Uint8Array, pieces: number): AsyncGenerator<Uint8Array> {
  const size = Math.ceil(bytes.length / pieces);
  for (let at = 0; at < bytes.length; at += size) {
    step();
    await turn();
    yield bytes.subarray(at, at + size);
  }
  step();
}

const publish = async (image: Uint8Array | AsyncIterable<Uint8Array>, to = store): Promise<void> => {
  const stagingDir = join(dir, 'staging');
  const { seq, sha256 } = await publishRelease({ store: to, image, trusted, signer, stagingDir, url: 'https://ota/' });
  say(`released ${seq} ${sha256}`);
};

async function publishForever(): Promise<never> {
  say('ready');
  for (;;) {
    const next = ((await files.listReleases()).at(-1)?.seq ?? 0) + 1;
    const payload = new Uint8Array(20_000 + (next % 7) * 10_000).fill(next);
    const image = await buildImage({ chip: 'esp32', project: 'p', version: `1.0.${next}`, payload });
    const signed = await signImage(image, signerFromPem(firmwareKey, 'v1-ecdsa-p256'));
    await publish(next % 4 === 0 ? signed : slowly(signed, 40));
  }
}

/** Many uploads of one file at once; all are complete but for their last piece before the first may go on. */
async function publishCrowd(count: number): Promise<void> {
  const image = readFileSync(join(dir, 'app.bin'));
  const used = (): number => {
    globalThis.gc?.();
    return process.memoryUsage().arrayBuffers;
  };
  const before = used();
  let most = 0;
  const measure = (): void => {
    most = Math.max(most, used() - before);
  };
  let waiting = 0;
  let open: () => void = () => undefined;
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  async function* source(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < image.length; at += 65_536) {
      if (at + 65_536 >= image.length) {
        waiting += 1;
        if (waiting === count) {
          measure();
          open();
        }
        await gate;
      }
      yield image.subarray(at, at + 65_536);
    }
  }
  const measured: FirmwareStore = {
    ...store,
    putImage: (options) => {
      measure();
      return store.putImage(options);
    },
  };
  await Promise.all(Array.from({ length: count }, () => publish(source(), measured)));
  say(`most ${most}`);
}

const mode = process.env['MODE'] ?? '';
try {
  if (mode === 'forever') await publishForever();
  else if (mode === 'crowd') await publishCrowd(Number(process.env['COUNT']));
  else {
    const image = readFileSync(join(dir, 'app.bin'));
    await publish(mode === 'stream' ? slowly(image, 8) : image);
  }
} catch (error) {
  say(`failed ${isOtaError(error) ? error.code : String(error)}`);
}
