import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { connect as connectTcp, createServer as createTcpServer } from 'node:net';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { describe, expect, test } from 'vitest';
import { createEstServer, fetchEstCaCerts, generatePrivateKey, MemoryClaimStore } from '../../src/index.js';
import { compilePackage } from '../support/child-run.js';
import { rejected, thrown } from '../support/thrown.js';
import { estTree, serve, tokenFor } from './est-tree.js';

const RUN = `
import { createCsr, createEstHandler, FileClaimStore, openPki } from './src/index.js';
const { dir, token, key } = JSON.parse(process.argv[2]);
const tree = await openPki(dir);
const handler = createEstHandler({ authority: tree, claims: new FileClaimStore(tree.paths.claimsDir) });
const body = (await createCsr({ key, subject: { CN: 'esp-001' } })).replace(/-----.*-----/g, '');
const headers = {
  'content-type': 'application/pkcs10',
  'content-length': String(body.length),
  authorization: 'Basic ' + Buffer.from('esp-001:' + token).toString('base64'),
};
process.stdin.once('data', async () => {
  const stream = (async function* () { yield Buffer.from(body); })();
  const reply = await handler.handle({ method: 'POST', target: '/.well-known/est/simpleenroll', headers, body: stream });
  console.log(JSON.stringify({ status: reply.status, body: Buffer.from(reply.body).toString() }));
  process.exit(0);
});
console.log('ready');
`;

/** Server processes on one tree, each with a request of its own, that begin together. */
async function race(dir: string, token: string, keys: readonly string[]): Promise<{ status: number; body: string }[]> {
  const compiled = await compilePackage();
  await writeFile(join(compiled, 'enrol.js'), RUN);
  const children = keys.map((key) => {
    const child = spawn(process.execPath, [join(compiled, 'enrol.js'), JSON.stringify({ dir, token, key })]);
    child.stderr.pipe(process.stderr);
    return child;
  });
  await Promise.all(children.map(({ stdout }) => once(stdout, 'data')));
  const outputs = children.map(async ({ stdout }) => {
    let text = '';
    for await (const chunk of stdout as AsyncIterable<Buffer>) text += chunk.toString();
    return JSON.parse(text) as { status: number; body: string };
  });
  for (const { stdin } of children) stdin.write('go\n');
  return Promise.all(outputs);
}

describe('several processes on one tree', () => {
  test('of several that use one token with keys of their own at the same time, one wins', async () => {
    const fixture = await estTree();
    const token = await tokenFor(fixture, 'esp-001');
    const keys = await Promise.all([1, 2, 3].map(async () => (await generatePrivateKey('ec-p256')).pem));
    const replies = await race(fixture.dir, token, keys);
    expect(replies.map(({ status }) => status).sort()).toEqual([200, 403, 403]);
    const serials: string[] = [];
    for await (const { serial } of fixture.tree.inventory({ commonName: 'esp-001' })) serials.push(serial);
    expect(serials).toHaveLength(1);
  }, 60_000);

  test('with the same key all get the same certificate', async () => {
    const fixture = await estTree();
    const token = await tokenFor(fixture, 'esp-001');
    const { pem } = await generatePrivateKey('ec-p256');
    const [first, second] = await race(fixture.dir, token, [pem, pem]);
    expect(first?.status).toBe(200);
    expect(second).toEqual(first);
  }, 60_000);
});

describe('the standalone server', () => {
  test('a client that sends its request too slowly is cut off, in the handshake and after it', async () => {
    const fixture = await estTree();
    const { port } = await serve(fixture, { requestTimeoutMs: 300, bodyTimeoutMs: 200 });
    const silent = connectTcp(port, '127.0.0.1');
    await once(silent, 'close');
    const socket = connect({ port, host: '127.0.0.1', servername: 'localhost', ca: fixture.tree.ca });
    socket.on('error', () => undefined);
    let answer = '';
    socket.on('data', (text: Buffer) => (answer += text.toString()));
    const token = await tokenFor(fixture, 'esp-001');
    const user = Buffer.from(`esp-001:${token}`).toString('base64');
    socket.write(
      `POST /.well-known/est/simpleenroll HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic ${user}\r\n` +
        'Content-Type: application/pkcs10\r\nContent-Length: 100\r\n\r\nMII',
    );
    await once(socket, 'close');
    expect(answer).toContain('HTTP/1.1 408');
    expect(answer).toMatch(/connection: close/i);
    expect(fixture.events).toContainEqual({
      type: 'refused',
      code: 'timeout',
      endpoint: 'simpleenroll',
      deviceId: 'esp-001',
    });
  });

  test('connections beyond the limit are refused', async () => {
    const fixture = await estTree();
    const { port, url } = await serve(fixture, { maxConnections: 1 });
    const first = connect({ port, host: '127.0.0.1', servername: 'localhost', ca: fixture.tree.ca });
    await once(first, 'secureConnect');
    await rejected(fetchEstCaCerts({ url, ca: fixture.tree.ca }), 'ERR_PKI_EST_UNAVAILABLE');
    first.destroy();
    await once(first, 'close');
  });

  test('close is idempotent, ends idle connections and frees the port', async () => {
    const { tree } = await estTree();
    const server = createEstServer({
      authority: tree,
      claims: new MemoryClaimStore(),
      tls: tree.ota,
      port: 0,
      gracePort: 0,
    });
    const { port, gracePort } = await server.listen();
    expect(gracePort).not.toBe(port);
    const idle = connect({ port, host: '127.0.0.1', servername: 'localhost', ca: tree.ca });
    await once(idle.resume(), 'secureConnect');
    const closed = once(idle, 'close');
    await Promise.all([server.close(), server.close(), closed]);
    await rejected(fetchEstCaCerts({ url: `https://localhost:${port}`, ca: tree.ca }), 'ERR_PKI_EST_UNAVAILABLE');
    await rejected(server.listen(), 'ERR_PKI_OPTION');
  });

  test('a renewed pair counts for new connections, a wrong one changes nothing', async () => {
    const { tree } = await estTree();
    const options = { authority: tree, claims: new MemoryClaimStore(), tls: tree.ota, host: '127.0.0.1', port: 0 };
    await using server = createEstServer({ ...options, gracePort: 0 });
    const { port, gracePort } = await server.listen();
    const nameAt = async (at: number | undefined): Promise<string> => {
      const socket = connect({ port: at ?? 0, host: '127.0.0.1', servername: 'localhost', ca: tree.ca });
      await once(socket, 'secureConnect');
      const { CN } = socket.getPeerCertificate().subject;
      socket.destroy();
      return String(CN);
    };
    expect([await nameAt(port), await nameAt(gracePort)]).toEqual(['ota', 'ota']);
    server.reloadTls(tree.broker);
    expect([await nameAt(port), await nameAt(gracePort)]).toEqual(['broker', 'broker']);
    thrown(() => {
      server.reloadTls({ cert: tree.ota.cert, key: tree.broker.key });
    }, 'ERR_PKI_KEY');
    expect(await nameAt(port)).toBe('broker');
  });

  test('a port that is taken, and a key of another pair, are told at once', async () => {
    const fixture = await estTree();
    const { tree, claims } = fixture;
    const { port } = await serve(fixture);
    const second = createEstServer({ authority: tree, claims, tls: tree.ota, host: '127.0.0.1', port });
    await expect(second.listen()).rejects.toMatchObject({ code: 'EADDRINUSE' });
    const tls = { cert: tree.ota.cert, key: tree.broker.key };
    await rejected(
      Promise.resolve().then(() => createEstServer({ authority: tree, claims, tls })),
      'ERR_PKI_KEY',
    );
  });

  test('the client gives up at its deadline and when it is told to', async () => {
    const listener = createTcpServer(() => undefined);
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
    const { port } = listener.address() as { port: number };
    const { tree } = await estTree();
    const connection = { url: `https://127.0.0.1:${port}`, ca: tree.ca };
    const late = await rejected(fetchEstCaCerts({ ...connection, timeoutMs: 100 }), 'ERR_PKI_EST_UNAVAILABLE');
    expect(late.message).toContain('no answer within 100 ms');
    const controller = new AbortController();
    const waiting = fetchEstCaCerts({ ...connection, signal: controller.signal });
    controller.abort(new Error('stopped'));
    await expect(waiting).rejects.toThrow('stopped');
    listener.close();
  });
});
