import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, request, type ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TLSSocket } from 'node:tls';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { type Credentials, initPki, openPki, type Pem, type PkiTree } from '../../src/index.js';
import { describeWithMbedtls, type Mbedtls } from './mbedtls.js';

let dir: string;
let tree: PkiTree;
let stranger: PkiTree;
let good: Credentials;
let revoked: Credentials;
/** of the device CA and of the servers' CA */
let crls: Pem[];

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'secure-esp-pki-'));
  const devices = ['esp-001', 'esp-002'];
  const made = await initPki({ dir: join(dir, 'tree'), hosts: ['localhost'], devices, chips: [] });
  await made.revoke({ commonName: 'esp-002' });
  stranger = await initPki({ dir: join(dir, 'stranger'), devices, chips: [] });
  tree = await openPki(made.dir);
  [good, revoked] = [await tree.device('esp-001'), await tree.device('esp-002')];
  const lists = await tree.crls();
  crls = [lists.devices?.crl ?? '', lists.servers?.crl ?? ''];
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const REQUEST = Buffer.from('GET / HTTP/1.0\r\n\r\n').toString('hex');

describeWithMbedtls('a device on mbedTLS at a server of Node', (mbedtls) => {
  /** What the device printed, with the reply as text. */
  async function visit(server: ServerOptions, client: Partial<Client>): Promise<string> {
    const listener = createServer({ requestCert: true, rejectUnauthorized: true, ...server }, (request, response) => {
      const { socket } = request;
      const peer = socket instanceof TLSSocket ? socket.getPeerCertificate().subject.CN : 'nobody';
      response.end(`welcome ${String(peer)}`);
    });
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void listener.close());
    const port = String((listener.address() as AddressInfo).port);
    const { name, ca, cert, key } = { name: 'localhost', ca: tree.paths.caCert, cert: '-', key: '-', ...client };
    const lines = await mbedtls.run('client', port, name, ca, cert, key, REQUEST);
    return lines.map((line) => line.replace(/^received ([0-9a-f]+)$/, (_, hex: string) => textOf(hex))).join('\n');
  }
  const ota = (): ServerOptions => ({ cert: tree.ota.cert, key: tree.ota.key, ca: tree.deviceCa, crl: crls[0] ?? '' });
  const pair = ({ certPath, keyPath }: Credentials): Partial<Client> => ({ cert: certPath, key: keyPath });

  test('is welcome, in TLS 1.2, and in TLS 1.3 where it has that', async () => {
    expect(await visit({ ...ota(), maxVersion: 'TLSv1.2' }, pair(good))).toMatch(
      /^connected TLSv1\.2\n[^]*welcome esp-001$/,
    );
    const newest = mbedtls.isAtLeast(3, 6) ? 'TLSv1\\.3' : 'TLSv1\\.2';
    expect(await visit(ota(), pair(good))).toMatch(new RegExp(`^connected ${newest}\n[^]*welcome esp-001$`));
  });

  test('refuses a server under another name, and one of another CA', async () => {
    expect(await visit(ota(), { ...pair(good), name: 'evil.example' })).toMatch(
      /^error .*\nrefused\nThe certificate Common Name \(CN\) does not match/,
    );
    expect(await visit(ota(), { ...pair(good), ca: stranger.paths.caCert })).toMatch(
      /^error .*\nrefused\nThe certificate is not correctly signed by the trusted CA/,
    );
  });

  test('refuses a device, or an operator, that plays the server', async () => {
    const ca = await bothRoots();
    for (const [name, { cert, key }] of [
      ['esp-001', good],
      ['operator', tree.operator],
    ] as const) {
      // by their name they would pass
      const answer = await visit({ ...ota(), cert, key }, { ...pair(good), ca, name });
      expect(answer).toMatch(/^error .*\nrefused\nUsage does not match the extendedKeyUsage extension$/);
    }
  });

  test('is refused without a certificate, when revoked, and with the certificate of another role or tree', async () => {
    const others = [{}, pair(revoked), pair(tree.operator), pair(tree.ota), pair(await stranger.device('esp-001'))];
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
      for (const other of others) expect(await visit({ ...ota(), maxVersion }, other)).not.toContain('welcome');
    }
  });
});

interface Client {
  name: string;
  ca: string;
  cert: string;
  key: string;
}

const textOf = (hex: string): string => Buffer.from(hex, 'hex').toString();

async function bothRoots(): Promise<string> {
  const path = join(dir, 'both.crt');
  await writeFile(path, tree.ca + tree.deviceCa);
  return path;
}

describeWithMbedtls('a server on mbedTLS', (mbedtls) => {
  const serve = (connections: number, crl = true): ReturnType<Mbedtls['serve']> => {
    const { otaCert, otaKey, deviceCaCert, deviceCaCrl } = tree.paths;
    const files = { cert: otaCert, key: otaKey, ca: deviceCaCert };
    return mbedtls.serve(crl ? { ...files, crl: deviceCaCrl } : files, connections);
  };

  test.for<[client: string, fetch: Fetch]>([
    ['Node', fetchWithNode],
    ['curl', fetchWithCurl],
    ['openssl', fetchWithOpenssl],
  ])(
    'welcomes a device that visits with %s and refuses the revoked, the operator and the stranger',
    async ([client, fetch], { skip }) => {
      if (client !== 'Node' && !isInstalled(client)) skip(`${client} is not installed`);
      const { port, lines } = await serve(4);
      expect(await fetch(port, good)).toContain('welcome');
      const others = [revoked, tree.operator, await stranger.device('esp-001')];
      for (const other of others) expect(await fetch(port, other)).not.toContain('welcome');
      const printed = (await lines).join('\n');
      expect(printed).toMatch(/^connected TLSv1\.[23]\n/);
      expect(printed).toContain('The certificate has been revoked (is on a CRL)');
      expect(printed.match(/The certificate is not correctly signed by the trusted CA/g)).toHaveLength(2);
    },
  );

  test('accepts a revoked device without its list: it is the list that refuses it', async () => {
    const { port } = await serve(1, false);
    expect(await fetchWithNode(port, revoked)).toContain('welcome');
  });
});

/** In CI a missing tool is not skipped: the test fails. */
const isInstalled = (command: string): boolean =>
  process.env['CI'] !== undefined || spawnSync(command, ['--version'], { stdio: 'ignore' }).error === undefined;

/** The reply, or the client's error. */
type Fetch = (port: number, client: Credentials) => Promise<string>;

async function fetchWithNode(port: number, { certPath, keyPath }: Parameters<Fetch>[1]): Promise<string> {
  const [cert, key] = [await readFile(certPath), await readFile(keyPath)];
  return new Promise((resolve) => {
    const options = { host: '127.0.0.1', servername: 'localhost', port, ca: tree.ca, cert, key, agent: false };
    request(options, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.on('error', (error) => {
        resolve(error.message);
      });
      response.on('end', () => {
        resolve(text);
      });
    })
      .on('error', (error) => {
        resolve(error.message);
      })
      .end();
  });
}

function run(command: string, args: string[], input = ''): Promise<string> {
  return new Promise((resolve) => {
    const child = execFile(command, args, { timeout: 20_000 }, (_error, stdout, stderr) => {
      resolve(stdout + stderr);
    });
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
  });
}

const fetchWithCurl: Fetch = (port, { certPath, keyPath }) =>
  run('curl', [
    ...['--silent', '--show-error', '--cacert', tree.paths.caCert, '--cert', certPath, '--key', keyPath],
    `https://localhost:${port}/`,
  ]);

const fetchWithOpenssl: Fetch = (port, { certPath, keyPath }) =>
  run(
    'openssl',
    [
      ...['s_client', '-quiet', '-verify_return_error', '-verify_hostname', 'localhost', '-servername', 'localhost'],
      ...['-connect', `127.0.0.1:${port}`, '-CAfile', tree.paths.caCert, '-cert', certPath, '-key', keyPath],
    ],
    'GET / HTTP/1.0\r\n\r\n',
  );
