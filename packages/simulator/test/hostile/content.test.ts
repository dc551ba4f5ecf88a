import { signImage } from '@secure-esp/firmware-image';
import type { UpdateReason } from '@secure-esp/protocol';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { mosquittoMissing } from '../support/broker.js';
import { file, head, OCTETS, OK, say } from '../support/hostile-server.js';
import { appImage } from '../support/images.js';
import { releaseManifest } from '../support/manifest.js';
import { createSiege, type Siege } from '../support/siege.js';
import { skipUnless } from '../support/tools.js';
import { foreignSigner } from '../support/world.js';

const page = Buffer.from(`<!DOCTYPE html><title>Sign in</title>${'<p>Welcome to the guest network.'.repeat(50)}`);
const flipped = (bytes: Uint8Array, at: number): Uint8Array =>
  bytes.map((byte, index) => (index === at ? byte ^ 1 : byte));

type Case = readonly [
  name: string,
  reasons: readonly UpdateReason[],
  content: (siege: Siege) => Uint8Array | Promise<Uint8Array>,
];

/** Offsets: the version starts at byte 48, the last sector is that of the signature. */
const cases: readonly Case[] = [
  ['nothing', ['not_an_image'], () => new Uint8Array()],
  ['one byte', ['not_an_image'], () => new Uint8Array([0xe9])],
  ['a page of a captive portal', ['not_an_image'], () => page],
  ['zeros', ['not_an_image'], () => new Uint8Array(30_000)],
  [
    'the head of an image, then a page',
    ['bad_checksum', 'truncated'],
    ({ image }) => Buffer.concat([image.subarray(0, 4096), page]),
  ],
  ['a merged image', ['not_an_image'], ({ image }) => Buffer.concat([new Uint8Array(0x1_0000).fill(0xff), image])],
  ['an unsigned image', ['unsigned'], () => appImage('1.1.0')],
  ['an image of a foreign key', ['untrusted_key'], async () => signImage(await appImage('1.1.0'), foreignSigner())],
  [
    'the signature of another image',
    ['bad_signature'],
    async ({ image, world }) => {
      const other = await world.signed('1.3.0');
      return Buffer.concat([image.subarray(0, -4096), other.subarray(-4096)]);
    },
  ],
  [
    'an image whose version was changed',
    ['bad_checksum', 'bad_hash'],
    ({ image }) => image.map((byte, at) => (at === 50 ? 0x39 : byte)),
  ],
  ['an image with a flipped bit in its code', ['bad_checksum'], ({ image }) => flipped(image, 9000)],
  [
    'an image with a flipped bit in its hash',
    ['bad_hash'],
    ({ image }) => flipped(image, image.length - 4096 - 4096 + ((20_000 + 320) % 4096)),
  ],
  [
    'an image with a flipped bit in its signature',
    ['bad_signature'],
    ({ image }) => flipped(image, image.length - 4096 + 120),
  ],
  ['another project', ['wrong_project'], ({ world }) => world.signed('1.1.0', { project: 'other' })],
  ['another chip', ['wrong_chip'], () => appImage('1.1.0', { chip: 'esp32s3' })],
  ['the version that runs', ['same_version'], ({ world }) => world.signed('1.0.0', { codeBytes: 9000 })],
  ['an older version', ['lower_version'], ({ world }) => world.signed('0.9.0')],
  ['a version without order', ['version_unparsable'], ({ world }) => world.signed('latest')],
  ['an image larger than the slot', ['too_large'], ({ world }) => world.signed('1.1.0', { codeBytes: 140_000 })],
  ['an image cut to its first half', ['truncated'], ({ image }) => image.subarray(0, image.length / 2)],
  ['an image with more behind its signature', ['bad_signature'], ({ image }) => Buffer.concat([image, page])],
  ['an image without its last sector', ['unsigned'], ({ image }) => image.subarray(0, -4096)],
];

describe.skipIf(skipUnless('Mosquitto', mosquittoMissing))('a device does not install', () => {
  let siege: Siege;
  beforeAll(async () => {
    siege = await createSiege();
  });
  afterAll(async () => {
    await siege[Symbol.asyncDispose]();
  });

  it.concurrent.each(cases)('%s: %j', async (_name, reasons, content) => {
    await using target = await siege.target();
    const bytes = await content(siege);
    await target.withstand(siege.tls(file(bytes)), reasons);
    // The seed's server tells no length: then the bytes alone decide.
    await target.withstand(siege.tls(say(head(OK, OCTETS), bytes)), reasons);
    await target.recover();
  });

  it.concurrent.each([
    ['text/html', ['http_status', 'not_an_image']],
    ['application/json', ['http_status', 'not_an_image']],
  ] as const)('a page that says what it is (%s)', async (type, reasons) => {
    await siege.withstand(
      siege.tls(say(head(OK, `Content-Type: ${type}`, `Content-Length: ${String(page.length)}`), page)),
      reasons,
    );
  });

  it.concurrent('an image that is said to be a manifest', async () => {
    const { image, tls } = siege;
    const jose = 'Content-Type: application/jose';
    await siege.withstand(tls(say(head(OK, jose), image)), ['too_large']);
    await siege.withstand(tls(say(head(OK, jose), image.subarray(0, 1000))), ['bad_signature']);
  });

  it.concurrent('a manifest that is said to be an image', async () => {
    const jws = await releaseManifest(siege.world, siege.image);
    await siege.withstand(siege.tls(file(jws)), ['not_an_image']);
  });
});
