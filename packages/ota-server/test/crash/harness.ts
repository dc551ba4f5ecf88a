import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { createHash } from 'node:crypto';
import { buildImage, signImage, verifyImage } from '@secure-esp/firmware-image';
import { signerFromPem } from '@secure-esp/firmware-image/node';
import { build } from 'esbuild';
import { expect } from 'vitest';
import { createFileFirmwareStore, publishRelease, type Release, verifyManifest } from '../../src/index.js';
import { collect } from '../fixtures/bytes.js';
import { firmwareKey, manifestSigner, releaseKey, trusted } from '../fixtures/firmware.js';

/** The publisher as one file that plain Node runs. */
export async function buildPublisher(dir: string): Promise<string> {
  const outfile = join(dir, 'publisher.mjs');
  await build({
    entryPoints: [join(import.meta.dirname, 'publisher.ts')],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    conditions: ['@secure-esp/source'],
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
    logLevel: 'error',
  });
  return outfile;
}

/** A store, a staging directory, the keys, and an image to publish. */
export async function prepare(dir: string, payloadBytes = 200_000): Promise<void> {
  for (const name of ['staging', 'store']) await mkdir(join(dir, name), { recursive: true });
  await writeFile(join(dir, 'firmware.pem'), firmwareKey.privateKey);
  await writeFile(join(dir, 'release.pem'), releaseKey.privateKey);
  await writeFile(join(dir, 'app.bin'), await makeImage('1.0.0', payloadBytes));
}

const makeImage = async (version: string, payloadBytes: number): Promise<Uint8Array> => {
  const payload = new Uint8Array(payloadBytes).fill(1);
  const image = await buildImage({ chip: 'esp32', project: 'p', version, payload });
  return signImage(image, signerFromPem(firmwareKey.privateKey, 'v1-ecdsa-p256'));
};

export interface Publisher {
  readonly child: ChildProcess;
  /** Lines of its standard output so far. */
  readonly lines: readonly string[];
  /** Resolves with its exit code when its output is read to the end; `null` when it was killed. */
  readonly ended: Promise<number | null>;
  nextLine(): Promise<void>;
}

export function startPublisher(command: readonly string[], env: Readonly<Record<string, string>>): Publisher {
  const [file = '', ...args] = command;
  const child = spawn(file, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'inherit'] });
  const lines: string[] = [];
  const reader = createInterface({ input: child.stdout });
  reader.on('line', (line) => lines.push(line));
  const read = once(reader, 'close');
  const ended = Promise.all([once(child, 'exit'), read]).then(([[code]]) => code as number | null);
  return {
    child,
    lines,
    ended,
    nextLine: async () => {
      await Promise.race([once(reader, 'line'), read]);
    },
  };
}

/** What another process sees now. What is in `known` (numbers, file names) was looked at before. */
export async function expectSound(dir: string, known = new Set<number | string>()): Promise<readonly Release[]> {
  const store = createFileFirmwareStore({ dir: join(dir, 'store') });
  const releases = await store.listReleases();
  expect(releases.map(({ seq }) => seq)).toEqual(releases.map((_release, index) => index + 1));
  for (const release of releases) {
    if (known.has(release.seq)) continue;
    const { sha256, size, manifest = '' } = release;
    const bytes = await collect(store.readImage({ sha256 }));
    expect([bytes.length, createHash('sha256').update(bytes).digest('hex')]).toEqual([size, sha256]);
    expect(await verifyImage(bytes, trusted)).toMatchObject({ ok: true, identity: release.image });
    expect(await verifyManifest(manifest, [releaseKey.publicKey])).toMatchObject({
      ok: true,
      manifest: { seq: release.seq, sha256, version: release.version },
    });
    known.add(release.seq);
  }
  // Also what no release names: under its hash there is never anything else.
  for (const name of await readdir(join(dir, 'store/images')).catch(() => [])) {
    if (known.has(name)) continue;
    const bytes = await readFile(join(dir, 'store/images', name));
    expect(`${createHash('sha256').update(bytes).digest('hex')}.bin`).toBe(name);
    known.add(name);
  }
  return releases;
}

/** The next publish, by this process. */
export async function publishNext(dir: string): Promise<Release> {
  const store = createFileFirmwareStore({ dir: join(dir, 'store') });
  const next = ((await store.listReleases()).at(-1)?.seq ?? 0) + 1;
  const image = await makeImage(`1.0.${next}`, 16);
  const stagingDir = join(dir, 'staging');
  const stream = new Blob([image]).stream();
  const release = await publishRelease({
    store,
    image: stream,
    trusted,
    signer: manifestSigner,
    stagingDir,
    url: 'https://ota/',
  });
  expect(release.seq).toBe(next);
  return release;
}

/** Makes all temporary files old, publishes, and expects them to be gone. */
export async function expectNoLeftovers(dir: string): Promise<void> {
  const temporary = [join(dir, 'store/tmp'), join(dir, 'staging')];
  const old = new Date(Date.now() - 48 * 60 * 60_000);
  for (const folder of temporary) {
    for (const name of await readdir(folder).catch(() => [])) await utimes(join(folder, name), old, old);
  }
  await publishNext(dir);
  for (const folder of temporary) expect(await readdir(folder)).toEqual([]);
}
