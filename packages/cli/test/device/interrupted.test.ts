import { initPki, type PkiTree } from '@secure-esp/pki';
import { Aedes, type AedesOptions } from 'aedes';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer as createTcp, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTls } from 'node:tls';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { bundleProgram, signalGroup, startProgram, type Program } from '../ota/real-program.js';

let program: Awaited<ReturnType<typeof bundleProgram>>;
let cwd: string;
let tree: PkiTree;

beforeAll(async () => {
  program = await bundleProgram();
  cwd = await mkdtemp(join(tmpdir(), 'secure-esp-interrupted-'));
  tree = await initPki({ dir: join(cwd, 'pki'), devices: ['esp-001'] });
});
afterAll(async () => {
  await program.remove();
  await rm(cwd, { recursive: true, force: true });
});

async function portOf(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

/** A broker that hears one kind of packet, and never answers it. */
async function deafBroker(deafTo: 'authorizeSubscribe' | 'authorizePublish') {
  let hear = (): void => undefined;
  const heard = new Promise<void>((resolve) => (hear = resolve));
  const options: AedesOptions = {
    [deafTo]: () => {
      hear();
    },
  };
  const broker = await Aedes.createBroker(options);
  const { cert, key } = tree.broker;
  const server = createTls({ cert, key, ca: tree.ca, requestCert: true }, (socket) => {
    onTestFinished(() => void socket.destroy());
    broker.handle(socket.on('error', () => undefined));
  });
  return { heard, port: await portOf(server) };
}

/** Something that takes a connection and says nothing. */
async function silence() {
  let hear = (): void => undefined;
  const heard = new Promise<void>((resolve) => (hear = resolve));
  const port = await portOf(
    createTcp((socket) => {
      onTestFinished(() => void socket.destroy());
      socket.on('error', () => undefined);
      hear();
    }),
  );
  return { heard, port };
}

const device = (port: number, verb: string, ...words: string[]): Program =>
  startProgram(program.bin, cwd, ['device', verb, '--dir', 'pki', '--url', `mqtts://localhost:${port}`, ...words]);

describe('Ctrl-C', { timeout: 60_000 }, () => {
  test.each([
    ['list', 'while the broker says nothing', [], silence],
    ['list', 'while its subscriptions are not granted', [], () => deafBroker('authorizeSubscribe')],
    ['forget', 'while the broker says nothing', ['esp-001'], silence],
    ['forget', 'while its messages are not acknowledged', ['esp-001'], () => deafBroker('authorizePublish')],
    ['send', 'before it knows who is online', ['--all', 'restart'], () => deafBroker('authorizeSubscribe')],
    ['update', 'before it knows who is online', ['--all'], () => deafBroker('authorizeSubscribe')],
  ] as const)('ends device %s %s', async (verb, _when, words, open) => {
    const { heard, port } = await open();
    const running = device(port, verb, ...words);
    await heard;
    signalGroup(running.child, 'SIGINT');
    expect(await running.ended).toBe(130);
    expect(running.stdout()).toBe('');
    expect(running.stderr()).not.toMatch(/ {4}at /);
  });
});
