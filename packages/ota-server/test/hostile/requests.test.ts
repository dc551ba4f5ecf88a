import { describe, expect, it } from 'vitest';
import { device } from '../fixtures/certificates.js';
import { expectNormalService, requestFor, runServer } from '../fixtures/running-server.js';
import { exchange } from '../fixtures/tls-client.js';

const CHANNEL = '/secure_esp.bin';
const SIZE = 300_007;
const statusesOf = (reply: string): string[] =>
  [...reply.matchAll(/^HTTP\/1\.1 (\d{3}) /gm)].map((match) => match[1] ?? '');
const lengthOf = (reply: string): number => reply.length - reply.indexOf('\r\n\r\n') - 4;

/** Requests that end with one reply of this status, or (empty) with none, and a closed connection. */
const MALFORMED: readonly (readonly [name: string, bytes: string, statuses: readonly string[]])[] = [
  ['headers longer than 8 KiB', requestFor(CHANNEL, `X-Long: ${'y'.repeat(9000)}`), ['431']],
  ['one header of a megabyte', requestFor(CHANNEL, `X-Long: ${'y'.repeat(1_000_000)}`), ['431']],
  ['more headers than fit', requestFor(CHANNEL, ...Array.from({ length: 3000 }, (_, at) => `X-${at}: 1`)), ['431']],
  ['10,000 ranges', requestFor(CHANNEL, `Range: bytes=${'0-1,'.repeat(10_000)}0-1`), ['431']],
  ['a path longer than the headers', requestFor(`/${'a'.repeat(20_000)}.bin`), ['431']],
  ['no host', 'GET /secure_esp.bin HTTP/1.1\r\n\r\n', ['400']],
  ['a space in the path', requestFor('/secure esp.bin'), ['400']],
  ['a header without a colon', requestFor(CHANNEL, 'nonsense'), ['400']],
  ['a space before the colon', requestFor(CHANNEL, 'X-A : 1'), ['400']],
  ['a line feed inside a header', requestFor(CHANNEL, 'X-A: 1\nX-B: 2\r\n '), ['400']],
  ['a NUL in a header', requestFor(CHANNEL, 'X-A: a\0b'), ['400']],
  ['an unknown method', requestFor(CHANNEL).replace('GET', 'FETCH'), ['400']],
  ['an unknown version', requestFor(CHANNEL).replace('HTTP/1.1', 'HTTP/7.3'), ['400']],
  ['HTTP/0.9, which has no end', 'GET /secure_esp.bin\r\n', ['408']],
  ['HTTP/2 with prior knowledge', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', ['400']],
  ['TLS inside TLS', '\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03', ['400']],
  ['zeros', '\0'.repeat(100), ['400']],
  ['a tunnel', 'CONNECT example.org:443 HTTP/1.1\r\nHost: example.org\r\n\r\n', []],
  ['a length that is no number', requestFor(CHANNEL, 'Content-Length: 1x'), ['400']],
  ['two lengths', requestFor(CHANNEL, 'Content-Length: 1', 'Content-Length: 2') + 'a', ['400']],
  ['a negative length', requestFor(CHANNEL, 'Content-Length: -1'), ['400']],
  ['a length beyond all numbers', requestFor(CHANNEL, `Content-Length: ${'9'.repeat(30)}`), ['400']],
];

/** A second request hidden in the first one's body: it must never be answered. */
const HIDDEN = requestFor('/hidden.bin');
const SMUGGLED: readonly (readonly [name: string, bytes: string])[] = [
  [
    'a length and chunks',
    requestFor(CHANNEL, 'Content-Length: 4', 'Transfer-Encoding: chunked') + `0\r\n\r\n${HIDDEN}`,
  ],
  [
    'chunks and a length',
    requestFor(CHANNEL, 'Transfer-Encoding: chunked', 'Content-Length: 400') + `0\r\n\r\n${HIDDEN}`,
  ],
  ['chunked twice', requestFor(CHANNEL, 'Transfer-Encoding: chunked, chunked') + `0\r\n\r\n${HIDDEN}`],
  ['chunked, but not at last', requestFor(CHANNEL, 'Transfer-Encoding: chunked, identity') + `0\r\n\r\n${HIDDEN}`],
  ['an unknown coding', requestFor(CHANNEL, 'Transfer-Encoding: xchunked') + `0\r\n\r\n${HIDDEN}`],
  [
    'a coding behind a tab',
    requestFor(CHANNEL, 'Transfer-Encoding:\tchunked', 'Content-Length: 3') + `0\r\n\r\n${HIDDEN}`,
  ],
  ['a chunk size that is no number', requestFor(CHANNEL, 'Transfer-Encoding: chunked') + `zz\r\n${HIDDEN}`],
  [
    'a chunk size beyond all numbers',
    requestFor(CHANNEL, 'Transfer-Encoding: chunked') + `${'f'.repeat(17)}\r\n${HIDDEN}`,
  ],
  ['a chunk that is longer than it says', requestFor(CHANNEL, 'Transfer-Encoding: chunked') + `1\r\nabc${HIDDEN}`],
  ['a body that is a request', requestFor(CHANNEL, `Content-Length: ${HIDDEN.length}`) + HIDDEN],
];

describe('requests that are no HTTP', () => {
  it('are refused with a word or two, and the server serves on', async () => {
    const running = await runServer({ requestTimeoutMs: 1000 });
    for (const [name, bytes, statuses] of MALFORMED) {
      const reply = await exchange(running.port, device, bytes);
      expect([name, statusesOf(reply)]).toEqual([name, statuses]);
      expect(reply.length).toBeLessThan(200);
    }
    await expectNormalService(running);
  });

  it('do not hide another request in their bodies', async () => {
    const running = await runServer();
    for (const [name, bytes] of SMUGGLED) {
      const reply = await exchange(running.port, device, bytes);
      expect([name, statusesOf(reply).length]).toEqual([name, expect.toSatisfy((count: number) => count <= 1)]);
      expect([name, statusesOf(reply)]).not.toEqual([name, expect.arrayContaining(['404'])]);
    }
    await expectNormalService(running);
  });

  it('are told so when they are HTTP with another method', async () => {
    const running = await runServer();
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'PROPFIND']) {
      const bytes = requestFor(CHANNEL, 'Connection: close', 'X-Secret: 1').replace('GET', method);
      const reply = await exchange(running.port, device, bytes);
      expect([method, statusesOf(reply)]).toEqual([method, ['405']]);
      expect(reply).toContain('method_not_allowed');
      expect(reply).not.toContain('X-Secret');
    }
    await expectNormalService(running);
  });
});

describe('ranges that make no sense', () => {
  const WHOLE = ['200', SIZE] as const;
  it.each([
    ['two fields', ['Range: bytes=0-1', 'Range: bytes=2-3'], ...WHOLE],
    ['a thousand ranges', [`Range: bytes=${'0-,'.repeat(1000)}0-`], ...WHOLE],
    ['overlapping ranges', ['Range: bytes=0-,0-,0-,0-'], ...WHOLE],
    ['backwards', ['Range: bytes=9-1'], ...WHOLE],
    ['another unit', ['Range: lines=1-2'], ...WHOLE],
    ['hexadecimal', ['Range: bytes=0x0-0x1'], ...WHOLE],
    ['negative', ['Range: bytes=--1'], ...WHOLE],
    ['numbers beyond all numbers', [`Range: bytes=0-${'9'.repeat(400)}`], '206', SIZE],
    ['a suffix beyond all numbers', [`Range: bytes=-${'9'.repeat(400)}`], '206', SIZE],
    ['a stale If-Range', ['Range: bytes=5-9', 'If-Range: "other"'], ...WHOLE],
    ['a weak If-Range', ['Range: bytes=5-9', 'If-Range: W/"other"'], ...WHOLE],
  ] as const)('%s', async (_name, fields, status, length) => {
    const running = await runServer();
    const reply = await exchange(running.port, device, requestFor(CHANNEL, ...fields, 'Connection: close'));
    expect([statusesOf(reply), lengthOf(reply)]).toEqual([[status], length]);
    await expectNormalService(running);
  });

  it.each([`bytes=${SIZE}-`, `bytes=${'9'.repeat(400)}-`, 'bytes=-0'])('beyond the end: %#', async (range) => {
    const running = await runServer();
    const reply = await exchange(running.port, device, requestFor(CHANNEL, `Range: ${range}`, 'Connection: close'));
    expect(statusesOf(reply)).toEqual(['416']);
    expect(reply).toContain(`bytes */${SIZE}`);
    await expectNormalService(running);
  });
});
