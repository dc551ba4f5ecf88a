import type { ServerResponse } from 'node:http';
import { createServer as createTcpServer, type AddressInfo } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { systemClock, type Clock } from '../../src/ports/clock.js';
import { createSecureContexts, type ClientCredentials } from '../../src/ports/credentials.js';
import type { DownloadRequest } from '../../src/ports/download-request.js';
import { createDownloader, type Downloader, type ImageSink } from '../../src/ports/downloader.js';
import { TransferFailure } from '../../src/ports/transfer-failure.js';
import { eventually } from '../support/eventually.js';
import { createManualClock } from '../support/manual-clock.js';
import { createTestPki, type TestPki } from '../support/pki.js';
import { serveBytes, startUpdateServer, type UpdateServer } from '../support/update-server.js';

const image = new Uint8Array(100_000).map((_, index) => (index * 7) & 0xff);

let pki: TestPki;
let credentials: ClientCredentials;
let server: UpdateServer;
beforeAll(async () => {
  pki = await createTestPki(['esp-001']);
  credentials = await pki.device('esp-001');
  server = await startUpdateServer(pki);
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await pki[Symbol.asyncDispose]();
});

interface Rig {
  readonly downloader: Downloader;
  readonly log: string[];
  readonly written: Uint8Array[];
  readonly faults: unknown[];
  /** Bytes of the image so far. */
  readonly progress: () => number;
  /** What the core would do; the default goes on with everything. */
  decide: (event: 'response' | 'header') => void;
  readonly until: (event: RegExp) => Promise<string>;
}

const rig = (
  over: {
    credentials?: ClientCredentials;
    sink?: Partial<ImageSink>;
    clock?: Clock;
    idleTimeoutMs?: number;
    downloadTimeoutMs?: number;
    bytesPerSecond?: number;
  } = {},
): Rig => {
  const log: string[] = [];
  const written: Uint8Array[] = [];
  const faults: unknown[] = [];
  let received = 0;
  const waiting = new Set<() => void>();
  const say = (line: string): void => {
    log.push(line);
    for (const wake of waiting) wake();
  };
  const downloader = createDownloader({
    secureContext: createSecureContexts()('ota', over.credentials ?? credentials),
    clock: over.clock ?? systemClock,
    sink: {
      head: () => image.subarray(0, 288),
      begin: (from) => {
        say(from === 0 ? 'begin' : `begin ${String(from)}`);
      },
      get bytesDurable() {
        return written.reduce((sum, bytes) => sum + bytes.length, 0);
      },
      sync: () => undefined,
      write: (bytes) => void written.push(bytes.slice()),
      finish: () => {
        say('finish');
      },
      discard: () => {
        say('discard');
      },
      ...over.sink,
    },
    events: {
      response(head) {
        say(`response ${String(head.status)} ${head.contentType} ${String(head.contentLength)} ${head.etag}`);
        self.decide('response');
      },
      manifest: (jws) => {
        say(`manifest ${Buffer.from(jws).toString('latin1')}`);
      },
      imageHeader(bytes) {
        say(`header ${String(bytes.length)}`);
        self.decide('header');
      },
      received: (bytes) => {
        received = bytes;
      },
      progress: () => undefined,
      complete: (bytes) => {
        say(`complete ${String(bytes)}`);
      },
      failed: (reason) => {
        say(`failed ${reason}`);
      },
    },
    connectTimeoutMs: 2000,
    idleTimeoutMs: over.idleTimeoutMs ?? 5000,
    downloadTimeoutMs: over.downloadTimeoutMs ?? 60_000,
    bytesPerSecond: over.bytesPerSecond ?? Infinity,
    onFault: (error) => {
      faults.push(error);
      say('fault');
    },
  });
  const self: Rig = {
    downloader,
    log,
    written,
    faults,
    progress: () => received,
    decide: () => {
      downloader.proceed();
    },
    until: (event) =>
      new Promise((resolve) => {
        const check = (): void => {
          const found = log.find((line) => event.test(line));
          if (found === undefined) return;
          waiting.delete(check);
          resolve(found);
        };
        waiting.add(check);
        check();
      }),
  };
  return self;
};

const request = (over: Partial<DownloadRequest> = {}): DownloadRequest => ({
  url: server.url,
  ifNoneMatch: '',
  project: 'demo',
  chip: 'esp32c6',
  version: '1.0.0',
  image: 'ab'.repeat(32),
  acceptManifest: true,
  maxBytes: 1_000_000,
  resumeFrom: 0,
  ifRange: '',
  ...over,
});
const ended = /^(complete|failed|manifest|fault)/;

describe('the downloader', () => {
  beforeEach(() => {
    server.handler = serveBytes(image, { etag: '"abc"' });
  });

  it('presents the device certificate and the headers of the contract', async () => {
    const { downloader, until } = rig();
    expect(downloader.start(request({ ifNoneMatch: '"old"' }))).toBe(true);
    await until(ended);
    expect(server.requests.at(-1)).toMatchObject({
      client: 'esp-001',
      headers: {
        accept: 'application/jose, application/octet-stream',
        'if-none-match': '"old"',
        'x-secure-esp-project': 'demo',
        'x-secure-esp-chip': 'esp32c6',
        'x-secure-esp-version': '1.0.0',
        'x-secure-esp-image': 'ab'.repeat(32),
      },
    });
  });

  it('sends no If-None-Match when nothing was installed, and asks for bytes only behind a manifest', async () => {
    const { downloader, until } = rig();
    downloader.start(request({ acceptManifest: false }));
    await until(ended);
    expect(server.requests.at(-1)?.headers).toMatchObject({ accept: 'application/octet-stream' });
    expect(server.requests.at(-1)?.headers).not.toHaveProperty('if-none-match');
  });

  it('shows response and header first, then writes the whole body', async () => {
    const { downloader, until, log, written } = rig();
    downloader.start(request());
    await until(ended);
    expect(log).toEqual([
      'response 200 application/octet-stream 100000 "abc"',
      'header 288',
      'begin',
      'finish',
      'complete 100000',
    ]);
    expect(Buffer.concat(written).equals(image)).toBe(true);
  });

  it('touches no flash before the header is accepted', async () => {
    const test = rig();
    const seen = new Promise<void>((resolve) => {
      test.decide = (event) => {
        if (event === 'response') test.downloader.proceed();
        else resolve();
      };
    });
    test.downloader.start(request());
    await seen;
    test.downloader.abort();
    await test.downloader.close();
    expect(test.log).toEqual(['response 200 application/octet-stream 100000 "abc"', 'header 288']);
    expect(test.written).toEqual([]);
  });

  it('hands a manifest over whole, whatever parameters its media type has', async () => {
    server.handler = serveBytes(Buffer.from('a.b.c'), { 'content-type': 'Application/JOSE; charset=utf-8' });
    const { downloader, until, log } = rig();
    downloader.start(request());
    await until(ended);
    expect(log.at(-1)).toBe('manifest a.b.c');
  });

  it.each([
    [2048, /^manifest/],
    [2049, /^failed too_large/],
  ])('takes a manifest of at most 2048 bytes (%i)', async (length, outcome) => {
    server.handler = serveBytes(Buffer.alloc(length, 'a'), { 'content-type': 'application/jose' });
    const { downloader, until } = rig();
    downloader.start(request());
    expect(await until(ended)).toMatch(outcome);
  });

  it('completes at once when the body is shorter than a header', async () => {
    server.handler = serveBytes(Buffer.alloc(287));
    const { downloader, until, log } = rig();
    downloader.start(request());
    await until(ended);
    expect(log.slice(1)).toEqual(['complete 287']);
  });

  it('passes every status on, redirects unfollowed', async () => {
    for (const status of [204, 302, 304, 404, 503]) {
      server.handler = (_request, response) => {
        response.writeHead(status, { location: 'https://localhost:1/elsewhere' }).end();
      };
      const before = server.requests.length;
      const test = rig();
      test.decide = () => {
        test.downloader.abort();
      };
      test.downloader.start(request());
      expect(await test.until(/^response/)).toMatch(new RegExp(`^response ${String(status)} `));
      await test.downloader.close();
      expect(server.requests).toHaveLength(before + 1);
    }
  });

  it('reports a body that ends early as truncated, and leaves what was written', async () => {
    server.handler = (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': '100000' });
      response.write(image.subarray(0, 50_000), () => response.destroy());
    };
    const { downloader, until, log } = rig();
    downloader.start(request());
    expect(await until(ended)).toBe('failed truncated');
    expect(log).not.toContain('discard');
  });

  it.each([
    ['before the response', () => undefined],
    [
      'within the body',
      (response: ServerResponse) => {
        response.writeHead(200, { 'content-length': '100000' });
        response.write(image.subarray(0, 1000));
      },
    ],
  ])('reports silence %s as stalled', async (_where, answer) => {
    server.handler = (_request, response) => {
      answer(response);
    };
    const { downloader, until } = rig({ idleTimeoutMs: 150 });
    downloader.start(request());
    expect(await until(ended)).toBe('failed stalled');
  });

  it('ends a transfer of which a byte comes before each silence is over, after the time for the whole', async () => {
    const drops: (() => void)[] = [];
    server.handler = (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': '100000' });
      response.write(image.subarray(0, 1000));
      drops.push(() => response.write('x'));
    };
    const time = createManualClock();
    const { downloader, until, log, progress } = rig({
      clock: time.clock,
      idleTimeoutMs: 20_000,
      downloadTimeoutMs: 1_800_000,
    });
    downloader.start(request());
    await until(/^begin/);
    let bytes = 1000;
    while (!log.some((line) => ended.test(line))) {
      await eventually(
        () => progress() >= bytes || log.some((line) => ended.test(line)),
        () => `${String(progress())} of ${String(bytes)} bytes came`,
      );
      time.advance(19_000);
      drops.at(-1)?.();
      bytes += 1;
    }
    expect(log.slice(-2)).toEqual(['begin', 'failed stalled']);
    expect(time.clock.monotonicMs()).toBeGreaterThanOrEqual(1_800_000);
    expect(time.clock.monotonicMs()).toBeLessThan(1_820_000 + 19_000);
    expect(time.pending()).toBe(0);
  });

  it('counts the time that its own speed limit takes', async () => {
    const { downloader, until } = rig({ bytesPerSecond: 50_000, downloadTimeoutMs: 400 });
    downloader.start(request());
    expect(await until(ended)).toBe('failed stalled');
  });

  it('stops at the limit, also when no length was announced', async () => {
    server.handler = (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/octet-stream' });
      response.end(image);
    };
    const { downloader, until, written } = rig();
    downloader.start(request({ maxBytes: 60_000 }));
    expect(await until(ended)).toBe('failed too_large');
    expect(Buffer.concat(written).length).toBeLessThanOrEqual(60_000);
  });

  it('reports a server of another CA as tls', async () => {
    const { downloader, until, log } = rig({ credentials: { ...credentials, ca: pki.tree.deviceCa } });
    downloader.start(request());
    expect(await until(ended)).toBe('failed tls');
    expect(log).toHaveLength(1);
  });

  it('reports a server that refuses the device certificate as tls', async () => {
    const strict = await startUpdateServer(pki, { clientCa: pki.tree.ca });
    const { downloader, until } = rig();
    downloader.start(request({ url: strict.url }));
    expect(await until(ended)).toBe('failed tls');
    await strict[Symbol.asyncDispose]();
  });

  it('reports a certificate for another name as tls', async () => {
    const { downloader, until } = rig();
    downloader.start(request({ url: server.url.replace('localhost', '127.0.0.2') }));
    expect(await until(ended)).toBe('failed tls');
  });

  it('reports a closed port and a name that does not exist as unreachable', async () => {
    const probe = createTcpServer().listen(0);
    const { port } = probe.address() as AddressInfo;
    await new Promise((resolve) => probe.close(resolve));
    for (const url of [`https://localhost:${String(port)}/`, 'https://no-such-host.invalid/']) {
      const { downloader, until } = rig();
      downloader.start(request({ url }));
      expect(await until(ended)).toBe('failed unreachable');
    }
  });

  it('reports an answer that is not HTTP as http_status', async () => {
    const { cert, key } = pki.tree.ota;
    const odd = createTlsServer({ cert, key }, (socket) => socket.end('hello\r\n\r\n')).listen(0);
    const { port } = odd.address() as AddressInfo;
    const { downloader, until } = rig();
    downloader.start(request({ url: `https://localhost:${String(port)}/` }));
    expect(await until(ended)).toBe('failed http_status');
    odd.close();
  });

  it('reports an endless handshake as stalled', async () => {
    const silent = createTcpServer(() => undefined).listen(0);
    const { port } = silent.address() as AddressInfo;
    const { downloader, until } = rig({ idleTimeoutMs: 150 });
    downloader.start(request({ url: `https://localhost:${String(port)}/` }));
    expect(await until(ended)).toBe('failed stalled');
    silent.close();
  });

  it('reports a failing flash, and an image larger than the slot', async () => {
    for (const reason of ['flash', 'too_large'] as const) {
      const { downloader, until } = rig({
        sink: {
          write: () => {
            throw new TransferFailure(reason);
          },
        },
      });
      downloader.start(request());
      expect(await until(ended)).toBe(`failed ${reason}`);
    }
  });

  it('hands everything else that a sink throws to the device, without an event', async () => {
    const { downloader, until, faults, log } = rig({
      sink: {
        begin: () => {
          throw new Error('no power');
        },
      },
    });
    downloader.start(request());
    await until(ended);
    expect(faults).toEqual([expect.objectContaining({ message: 'no power' })]);
    expect(log.at(-1)).toBe('fault');
  });

  it('does one transfer at a time, and only https', async () => {
    const { downloader, until } = rig();
    expect(downloader.start(request({ url: 'http://localhost/' }))).toBe(false);
    expect(downloader.start(request({ url: 'not a url' }))).toBe(false);
    expect(downloader.start(request())).toBe(true);
    expect(downloader.start(request())).toBe(false);
    await until(ended);
    expect(downloader.start(request())).toBe(true);
    await downloader.close();
  });

  it('gives the slot up when the core aborts within the body, and can start again', async () => {
    server.handler = (_request, response) => {
      response.writeHead(200, { 'content-length': '100000' });
      response.write(image.subarray(0, 40_000));
    };
    const { downloader, until, log } = rig();
    downloader.start(request());
    await until(/^begin/);
    downloader.abort();
    expect(log.at(-1)).toBe('discard');
    server.handler = serveBytes(image);
    downloader.start(request());
    await until(/^complete/);
    expect(log.filter((line) => line.startsWith('failed'))).toEqual([]);
  });

  it('keeps to its speed limit', async () => {
    const started = performance.now();
    const { downloader, until } = rig({ bytesPerSecond: 400_000 });
    downloader.start(request());
    await until(ended);
    expect(performance.now() - started).toBeGreaterThan(200);
  });

  it('asks for the rest, takes the header from what is there and writes behind it', async () => {
    server.handler = (asked, response) => {
      expect(asked.headers).toMatchObject({ range: 'bytes=40960-', 'if-range': '"abc"' });
      response.writeHead(206, {
        'content-type': 'application/octet-stream',
        'content-length': String(image.length - 40_960),
        'content-range': `bytes 40960-${String(image.length - 1)}/${String(image.length)}`,
        etag: '"abc"',
      });
      response.end(image.subarray(40_960));
    };
    const { downloader, until, log, written, progress } = rig();
    // The limit is of the file, not of the part.
    downloader.start(request({ resumeFrom: 40_960, ifRange: '"abc"', maxBytes: image.length }));
    expect(await until(ended)).toBe(`complete ${String(image.length)}`);
    expect(log).toEqual([
      `response 206 application/octet-stream ${String(image.length - 40_960)} "abc"`,
      'header 288',
      'begin 40960',
      'finish',
      `complete ${String(image.length)}`,
    ]);
    expect(Buffer.concat(written)).toEqual(Buffer.from(image.subarray(40_960)));
    expect(progress()).toBe(image.length);
  });

  it('writes from the beginning when it gets the whole file instead', async () => {
    const { downloader, until, log } = rig();
    downloader.start(request({ resumeFrom: 40_960, ifRange: '"old"' }));
    expect(await until(ended)).toBe(`complete ${String(image.length)}`);
    expect(log).toContain('begin');
  });

  it('refuses a part that makes the file too large', async () => {
    server.handler = (_asked, response) => {
      response.writeHead(206, { 'content-type': 'application/octet-stream' });
      response.end(image);
    };
    const { downloader, until } = rig();
    downloader.start(request({ resumeFrom: 4096, ifRange: '"abc"', maxBytes: image.length + 4095 }));
    expect(await until(ended)).toBe('failed too_large');
  });
});
