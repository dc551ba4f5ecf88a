import { randomInt } from 'node:crypto';
import type { UpdateReason } from '@secure-esp/protocol';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { mosquittoMissing } from '../support/broker.js';
import { file, head, lengthOf, OCTETS, OK, say, sayAndReset, type Answer } from '../support/hostile-server.js';
import { createSiege, type Siege } from '../support/siege.js';
import { skipUnless } from '../support/tools.js';

const SEED = Number(process.env['SECURE_ESP_SEED'] ?? randomInt(2 ** 31));
const check = { numRuns: 60, seed: SEED, endOnFailure: true };
console.info(`hostile servers: seed ${String(SEED)} (SECURE_ESP_SEED)`);

/** What bytes that were changed or are missing may look like. */
const WRONG: readonly UpdateReason[] = [
  'not_an_image',
  'wrong_chip',
  'wrong_project',
  'same_version',
  'lower_version',
  'version_unparsable',
  'secure_version',
  'too_large',
  'truncated',
  'bad_checksum',
  'bad_hash',
  'unsigned',
  'untrusted_key',
  'bad_signature',
];

const framings: Record<string, (whole: Uint8Array, part: Uint8Array) => Answer> = {
  'a length that is kept': (_whole, part) => file(part),
  'a length that is not kept': (whole, part) => say(head(OK, lengthOf(whole)), part),
  'no length': (_whole, part) => say(head(OK, OCTETS), part),
  'no length, in HTTP/1.0': (_whole, part) => say(head('HTTP/1.0 200 OK'), part),
  'a reset': (whole, part) => sayAndReset(head(OK, lengthOf(whole)), part),
};

describe.skipIf(skipUnless('Mosquitto', mosquittoMissing))('a device under random attack', () => {
  let siege: Siege;
  beforeAll(async () => {
    siege = await createSiege();
  });
  afterAll(async () => {
    await siege[Symbol.asyncDispose]();
  });
  const offset = fc.nat({ max: 2 ** 31 }).map((value) => value % siege.image.length);

  it.concurrent('installs no image of which a single bit was flipped', async () => {
    await using target = await siege.target();
    await fc.assert(
      fc.asyncProperty(offset, fc.nat({ max: 7 }), async (at, bit) => {
        const bytes = siege.image.map((byte, index) => (index === at ? byte ^ (1 << bit) : byte));
        await target.withstand(siege.tls(file(bytes)), WRONG);
      }),
      check,
    );
    await target.recover();
  });

  it.concurrent('installs no image that was cut, however the connection ends', async () => {
    await using target = await siege.target();
    await fc.assert(
      fc.asyncProperty(offset, fc.constantFrom(...Object.keys(framings)), async (end, name) => {
        const answer = framings[name]?.(siege.image, siege.image.subarray(0, end));
        if (answer !== undefined) await target.withstand(siege.tls(answer), WRONG);
      }),
      check,
    );
    await target.recover();
  });

  it.concurrent('installs no image in which a stretch was lost, doubled or replaced', async () => {
    await using target = await siege.target();
    const kinds = fc.constantFrom('lost', 'doubled', 'replaced');
    await fc.assert(
      fc.asyncProperty(offset, fc.integer({ min: 1, max: 5000 }), kinds, async (at, length, kind) => {
        const { image } = siege;
        const end = Math.min(at + length, image.length);
        const middle = {
          lost: [],
          doubled: [image.subarray(at, end), image.subarray(at, end)],
          replaced: [new Uint8Array(end - at).fill(0xa5)],
        }[kind];
        const bytes = Buffer.concat([image.subarray(0, at), ...middle, image.subarray(end)]);
        fc.pre(!bytes.equals(image));
        await target.withstand(siege.tls(file(bytes)), WRONG);
      }),
      check,
    );
    await target.recover();
  });

  it.concurrent('takes no random bytes for an answer', async () => {
    await using target = await siege.target();
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 3000 }), fc.boolean(), async (bytes, withHead) => {
        const answer = withHead ? say(head(OK), bytes) : say(bytes);
        await target.withstand(siege.tls(answer), [...WRONG, 'http_status', 'unreachable', 'tls']);
      }),
      check,
    );
    await target.recover();
  });
});
