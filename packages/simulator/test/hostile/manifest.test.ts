import { generateKeyPairSync } from 'node:crypto';
import type { ReleaseManifest, UpdateReason } from '@secure-esp/protocol';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { mosquittoMissing } from '../support/broker.js';
import { file, head, lengthOf, OCTETS, OK, say, sayAndHold, type Act, type Answer } from '../support/hostile-server.js';
import { releaseManifest } from '../support/manifest.js';
import { createSiege, QUICK_TIMEOUTS, type Siege, type Target } from '../support/siege.js';
import { skipUnless } from '../support/tools.js';

const JOSE = 'Content-Type: application/jose';
const settings = { automaticChecks: false, requireManifest: true };
const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

type Over = Partial<ReleaseManifest>;

describe.skipIf(skipUnless('Mosquitto', mosquittoMissing))(
  'a device that insists on manifests does not believe',
  () => {
    let siege: Siege;
    let other: Uint8Array;
    let seq = 0;
    beforeAll(async () => {
      siege = await createSiege();
      other = await siege.world.signed('1.1.0', { codeBytes: 20_004 });
    });
    afterAll(async () => {
      await siege[Symbol.asyncDispose]();
    });

    const jwsFor = ({ server }: Target, over: Over = {}, key?: { pem: string; kid: string }): Promise<Uint8Array> => {
      const url = server.url.replace('firmware.bin', 'image.bin');
      return releaseManifest(siege.world, siege.image, { seq: (seq += 1), url, ...over }, key);
    };
    /** The manifest at the built-in URL, and the answer where it leads to. */
    const release = (jws: Uint8Array | string, image: Answer = file(siege.image)): Act =>
      siege.tls((asked) => {
        const bytes = Buffer.from(jws);
        const answer = asked.path === '/image.bin' ? image : say(head(OK, JOSE, lengthOf(bytes)), bytes);
        answer(asked);
      });
    const recovers = async (target: Target): Promise<void> => {
      await target.recover(release(await jwsFor(target)));
    };
    const withstands = async (
      act: (target: Target) => Promise<Act> | Act,
      ...reasons: readonly UpdateReason[]
    ): Promise<void> => {
      await using target = await siege.target({ settings });
      await target.withstand(await act(target), reasons);
      await recovers(target);
    };

    it.concurrent('an image without one', async () => {
      await withstands(() => siege.tls(file(siege.image)), 'unsigned');
    });

    it.concurrent.each<[string, UpdateReason, Over]>([
      ['that is over', 'manifest_expired', { exp: Math.floor(Date.now() / 1000) - 1 }],
      ['of another project', 'wrong_project', { project: 'other' }],
      ['of another chip', 'wrong_chip', { chip: 'esp32s3' }],
      ['of an older version', 'lower_version', { version: '0.9.0' }],
      ['of the version that runs', 'same_version', { version: '1.0.0' }],
      ['of another file', 'bad_hash', { sha256: 'ab'.repeat(32) }],
      ['of another image', 'bad_hash', { image: 'ab'.repeat(32) }],
      ['with a size too small', 'bad_hash', { size: 9000 }],
      ['with a size too great', 'bad_hash', { size: 100_000 }],
      ['of an image larger than the slot', 'too_large', { size: 200_000 }],
      ['that leads to plain HTTP', 'unreachable', { url: 'http://localhost/image.bin' }],
      ['that leads to where nobody listens', 'unreachable', { url: 'https://localhost:1/image.bin' }],
    ])('a manifest %s: %s', async (_what, reason, over) => {
      await withstands(
        async (target) => release(await jwsFor(target, over)),
        reason,
        ...(over.url?.startsWith('http:') === true ? ['not_an_image' as const] : []),
      );
    });

    it.concurrent('a manifest older than one it has seen', async () => {
      await using target = await siege.target({ settings });
      const old = await jwsFor(target);
      await target.withstand(release(await jwsFor(target), say(head('HTTP/1.1 404 Not Found'))), ['http_status']);
      await target.withstand(release(old), ['manifest_replayed']);
      await recovers(target);
    });

    it.concurrent('a manifest that another key has signed, whatever it says of itself', async () => {
      const pem = generateKeyPairSync('ec', { namedCurve: 'P-256' })
        .privateKey.export({ type: 'pkcs8', format: 'pem' })
        .toString();
      const { releaseKeyId } = siege.world.pki.tree;
      for (const [kid, reason] of [
        ['ab'.repeat(32), 'untrusted_key'],
        [releaseKeyId, 'bad_signature'],
      ] as const) {
        await withstands(async (target) => release(await jwsFor(target, {}, { pem, kid })), reason);
      }
    });

    it.concurrent('a manifest that was changed, cut off, or claims to need no signature', async () => {
      await using target = await siege.target({ settings });
      const [header = '', payload = '', signature = ''] = Buffer.from(await jwsFor(target))
        .toString()
        .split('.');
      const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as ReleaseManifest;
      for (const text of [
        `${header}.${encode({ ...claims, version: '9.9.9' })}.${signature}`,
        `${header}.${payload}.${Buffer.alloc(64, 1).toString('base64url')}`,
        `${header}.${payload}.${Buffer.alloc(64).toString('base64url')}`,
        `${header}.${payload}.${signature.slice(0, -2)}`,
        `${header}.${payload}.${signature}AA`,
        `${header}.${payload}.`,
        `${header}.${payload}`,
        `${encode({ alg: 'none' })}.${payload}.`,
        `${encode({ alg: 'HS256', kid: siege.world.pki.tree.releaseKeyId })}.${payload}.${signature}`,
        `${payload}.${header}.${signature}`,
        JSON.stringify({ protected: header, payload, signature }),
        '..',
        '<html>no</html>',
        '',
      ]) {
        await target.withstand(release(text), ['bad_signature', 'not_an_image']);
      }
      await recovers(target);
    });

    it.concurrent.each<[string, readonly UpdateReason[], () => Answer]>([
      ['another good image of the same size', ['bad_hash'], () => file(other)],
      ['the same without telling the length', ['bad_hash'], () => say(head(OK, OCTETS), other)],
      ['a cut image', ['truncated', 'bad_hash'], () => say(head(OK, OCTETS), siege.image.subarray(0, 9000))],
      ['an image with more behind it', ['bad_hash', 'too_large'], () => say(head(OK, OCTETS), siege.image, 'more')],
      ['another manifest', ['not_an_image'], () => say(head(OK, JOSE), 'a.b.c')],
      ['a redirect', ['http_status'], () => say(head('HTTP/1.1 302 Found', 'Location: /firmware.bin'))],
      ['"not modified"', ['http_status'], () => say(head('HTTP/1.1 304 Not Modified'))],
      ['a page', ['not_an_image', 'bad_hash'], () => say(head(OK, 'Content-Type: text/html'), '<html>no</html>')],
    ])('a good manifest that leads to %s', async (_what, reasons, answer) => {
      await withstands(async (target) => release(await jwsFor(target), answer()), ...reasons);
    });

    it.concurrent('a good manifest that leads to silence', async () => {
      await using target = await siege.target({ settings, timeouts: QUICK_TIMEOUTS });
      const { image } = siege;
      await target.withstand(
        release(await jwsFor(target), sayAndHold(head(OK, lengthOf(image)), image.subarray(0, 5000))),
        ['stalled'],
      );
      await recovers(target);
    });
  },
);
