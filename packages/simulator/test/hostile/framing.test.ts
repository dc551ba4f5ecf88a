import { gzipSync } from 'node:zlib';
import type { UpdateReason } from '@secure-esp/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mosquittoMissing } from '../support/broker.js';
import { runUpdate } from '../support/flows.js';
import {
  file,
  head,
  lengthOf,
  OCTETS,
  OK,
  say,
  sayAndReset,
  sayForEver,
  startHostileServer,
  type Answer,
} from '../support/hostile-server.js';
import { createSiege, type Siege } from '../support/siege.js';
import { skipUnless } from '../support/tools.js';

type Case = readonly [name: string, reasons: readonly UpdateReason[], answer: (image: Uint8Array) => Answer];

const CHUNKED = 'Transfer-Encoding: chunked';
const chunk = (bytes: Uint8Array): Buffer =>
  Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')]);
/** A body of which too much or too little counts as the image ends before its signature. */
const CUT_SHORT: readonly UpdateReason[] = ['truncated', 'unsigned', 'bad_hash', 'bad_checksum'];
const BROKEN: readonly UpdateReason[] = ['truncated', 'http_status'];

const lengths: readonly Case[] = [
  ['a length greater than what comes', ['truncated'], (image) => say(head(OK, 'Content-Length: 60000'), image)],
  [
    'the connection reset within the body',
    ['truncated'],
    (image) => sayAndReset(head(OK, lengthOf(image)), image.subarray(0, 9000)),
  ],
  ['a length smaller than what comes', CUT_SHORT, (image) => say(head(OK, 'Content-Length: 9000'), image)],
  ['a length of 0', ['not_an_image'], (image) => say(head(OK, 'Content-Length: 0'), image)],
  ['a negative length', ['http_status'], (image) => say(head(OK, 'Content-Length: -1'), image)],
  ['a length that is no number', ['http_status'], (image) => say(head(OK, 'Content-Length: 0x7000'), image)],
  ['a length beyond 64 bits', ['http_status'], (image) => say(head(OK, `Content-Length: ${'9'.repeat(30)}`), image)],
  [
    'a length beyond what a double counts',
    ['too_large'],
    (image) => say(head(OK, 'Content-Length: 9223372036854775807'), image),
  ],
  [
    'the greatest length of 64 bits',
    ['too_large'],
    (image) => say(head(OK, `Content-Length: ${String(2n ** 64n - 1n)}`), image),
  ],
  [
    'a length that wraps to the right one in 32 bits',
    ['too_large'],
    (image) => say(head(OK, `Content-Length: ${String(2 ** 32 + image.length)}`), image),
  ],
  ['two different lengths', ['http_status'], (image) => say(head(OK, lengthOf(image), 'Content-Length: 9000'), image)],
  ['no length, and a close within the body', CUT_SHORT, (image) => say(head(OK, OCTETS), image.subarray(0, 9000))],
  [
    'no length, and a body without end',
    ['too_large'],
    (image) => sayForEver(0, head(OK, OCTETS), image, new Uint8Array(8192)),
  ],
  [
    'HTTP/1.0, no length, and a reset within the body',
    ['truncated'],
    (image) => sayAndReset(head('HTTP/1.0 200 OK'), image.subarray(0, 9000)),
  ],
];

const chunks: readonly Case[] = [
  ['chunks whose size is no number', BROKEN, (image) => say(head(OK, CHUNKED), 'zz\r\n', image)],
  [
    'garbage behind the first chunk',
    BROKEN,
    (image) => say(head(OK, CHUNKED), chunk(image.subarray(0, 9000)), 'garbage', image),
  ],
  ['a chunk of 2^64-1 bytes', BROKEN, (image) => say(head(OK, CHUNKED), 'ffffffffffffffff\r\n', image)],
  ['a chunk of more than 2^64 bytes', BROKEN, (image) => say(head(OK, CHUNKED), `${'f'.repeat(40)}\r\n`, image)],
  ['no last chunk', ['truncated'], (image) => say(head(OK, CHUNKED), chunk(image))],
  [
    'the last chunk too early',
    CUT_SHORT,
    (image) => say(head(OK, CHUNKED), chunk(image.subarray(0, 9000)), '0\r\n\r\n'),
  ],
  ['chunks and a length', BROKEN, (image) => say(head(OK, CHUNKED, lengthOf(image)), chunk(image), '0\r\n\r\n')],
  [
    'chunks without end',
    ['too_large'],
    (image) => sayForEver(0, head(OK, CHUNKED), chunk(image), chunk(new Uint8Array(8192))),
  ],
  [
    'trailers without end',
    BROKEN,
    (image) => sayForEver(0, head(OK, CHUNKED), chunk(image), '0\r\n', `X: ${'x'.repeat(4000)}\r\n`),
  ],
  [
    'a chunk extension without end',
    [...BROKEN, 'stalled'],
    (image) => sayForEver(0, head(OK, CHUNKED), chunk(image), '10;', 'x'.repeat(4000)),
  ],
];

const partial = (range: string): string =>
  head('HTTP/1.1 206 Partial Content', OCTETS, `Content-Range: bytes ${range}`);
const statuses: readonly Case[] = [
  [
    'the whole file as a range that nobody asked for',
    ['http_status'],
    (image) => say(partial(`0-${String(image.length - 1)}/${String(image.length)}`), image),
  ],
  [
    'a range in the middle of the file',
    ['http_status'],
    (image) => say(partial(`4096-8191/${String(image.length)}`), image.subarray(4096, 8192)),
  ],
  ['a range that is not the bytes that come', ['http_status'], (image) => say(partial('9-3/2'), image)],
  ...[
    '201 Created',
    '403 Forbidden',
    '404 Not Found',
    '416 Range Not Satisfiable',
    '429 Too Many Requests',
    '500 Oops',
    '503 Busy',
    '999 What',
  ].map((status): Case => [
    `the image as ${status}`,
    ['http_status'],
    (image) => say(head(`HTTP/1.1 ${status}`, OCTETS, lengthOf(image)), image),
  ]),
  [
    'a switch of protocols',
    ['http_status'],
    (image) => say(head('HTTP/1.1 101 Switching Protocols', 'Connection: Upgrade', 'Upgrade: image'), image),
  ],
  ['a switch of protocols to none', ['http_status'], (image) => say(head('HTTP/1.1 101 Switching Protocols'), image)],
];

const oddities: readonly Case[] = [
  ['HTTP/0.9: the body alone', ['http_status'], (image) => say(image)],
  ['a page without a head', ['http_status'], () => say('<html>no</html>')],
  ['HTTP/2', ['http_status'], () => say('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')],
  ['another protocol', ['http_status'], (image) => say('SSH-2.0-OpenSSH_9.2\r\n', image)],
  ['a status of two digits', ['http_status'], (image) => say(head('HTTP/1.1 20 OK', lengthOf(image)), image)],
  ['a NUL in a header', ['http_status'], (image) => say(head(OK, 'ETag: "\0"', lengthOf(image)), image)],
  ['headers without end', ['http_status'], () => sayForEver(0, `${OK}\r\n`, `X: ${'x'.repeat(4000)}\r\n`)],
  ['a header line without end', ['http_status'], () => sayForEver(0, `${OK}\r\nX: `, 'x'.repeat(4000))],
  ['gzip, which was not asked for', ['not_an_image'], (image) => file(gzipSync(image), 'Content-Encoding: gzip')],
  [
    'gzip as a transfer coding',
    ['not_an_image'],
    (image) => say(head(OK, 'Transfer-Encoding: gzip, chunked'), chunk(gzipSync(image)), '0\r\n\r\n'),
  ],
  [
    'a second answer behind a cut one',
    CUT_SHORT,
    (image) => say(head(OK, 'Content-Length: 9000'), image.subarray(0, 9000), head(OK, lengthOf(image)), image),
  ],
];

describe.skipIf(skipUnless('Mosquitto', mosquittoMissing))('a device withstands a server that sends', () => {
  let siege: Siege;
  beforeAll(async () => {
    siege = await createSiege();
  });
  afterAll(async () => {
    await siege[Symbol.asyncDispose]();
  });

  it.concurrent.each([...lengths, ...chunks, ...statuses, ...oddities])('%s: %j', async (_name, reasons, answer) => {
    await siege.withstand(siege.tls(answer(siege.image)), reasons);
  });

  it.concurrent('redirects: to itself, to plain HTTP, to another host; none of them is followed', async () => {
    await using elsewhere = await startHostileServer();
    await using target = await siege.target();
    const { server } = target;
    const { tls } = siege;
    const plain = elsewhere.url.replace('https', 'http');
    for (const [status, location] of [
      [301, server.url],
      [302, '/firmware.bin'],
      [303, plain],
      [307, elsewhere.url],
      [308, elsewhere.url.replace('localhost', '127.0.0.1')],
      [302, 'file:///etc/passwd'],
    ] as const) {
      const before = server.connections;
      const redirect = say(head(`HTTP/1.1 ${String(status)} Elsewhere`, `Location: ${location}`, 'Content-Length: 0'));
      await target.withstand(tls(redirect), ['http_status']);
      expect(server.connections).toBe(before + 1);
    }
    expect(elsewhere.connections).toBe(0);
    await target.recover();
  });

  it.concurrent('"nothing newer" to who runs nothing of it: no update, no harm', async () => {
    await using target = await siege.target();
    for (const status of ['204 No Content', '304 Not Modified']) {
      target.server.act = siege.tls(say(head(`HTTP/1.1 ${status}`)));
      expect(await runUpdate(siege.world, target.id)).toMatchObject({ state: 'idle', reason: 'none_newer' });
    }
    await target.recover();
  });

  it.concurrent.each([
    ['a tag too long to be kept', `"${'e'.repeat(15_000)}"`],
    ['a tag of other characters', '"\u00e9\u00ff \t"'],
    ['no quotes', 'W/'],
  ])('%s: the image counts, and the tag is not sent back', async (_name, tag) => {
    const { tls, image, world } = siege;
    await using target = await siege.target();
    const { server } = target;
    await target.recover(tls(file(image, `ETag: ${tag}`)));
    let seen = '';
    server.act = tls((asked) => {
      seen = asked.head;
      say(head('HTTP/1.1 204 No Content'))(asked);
    });
    expect(await runUpdate(world, target.id)).toMatchObject({ state: 'idle', reason: 'none_newer' });
    expect(seen).toContain('GET /firmware.bin');
    if (tag !== 'W/') expect(seen.toLowerCase()).not.toContain('if-none-match');
  });
});
