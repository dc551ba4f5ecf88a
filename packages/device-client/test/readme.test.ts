import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { initPki, openPki } from '@secure-esp/pki';
import * as protocol from '@secure-esp/protocol';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import * as deviceClient from '../src/index.js';
import type { DevicePeer } from './fixtures/device-peer.js';
import { Opened } from './fixtures/fleet.js';
import { freePort } from './fixtures/free-port.js';
import { mosquittoMissing, startMosquitto } from './fixtures/test-broker.js';

const packageDir = join(import.meta.dirname, '..');
const readme = readFileSync(join(packageDir, 'README.md'), 'utf8');
const blocks = [...readme.matchAll(/```ts\n([^]*?)```/g)].map(([, code = '']) => code);
const titles = blocks.map((code, index) => ({ code, title: `${String(index + 1)}: ${code.split('\n')[0] ?? ''}` }));

/** What the page says its examples go on from. */
const PREAMBLE = `
import type { Client as C, Device as D, TlsSource as T } from '@secure-esp/device-client';
declare const client: C;
declare const device: D;
declare const url: string;
declare const tls: T;
`;

const AsyncFunction = (async () => {
  await Promise.resolve();
}).constructor as new (...args: string[]) => (...args: unknown[]) => Promise<void>;

describe('the examples of the README', () => {
  it('are type-correct', () => {
    const config = ts.parseJsonConfigFileContent(
      ts.readConfigFile(join(packageDir, 'tsconfig.spec.json'), (file) => ts.sys.readFile(file)).config,
      ts.sys,
      packageDir,
    );
    const options: ts.CompilerOptions = {
      ...config.options,
      rootDir: join(packageDir, '../..'),
      noEmit: true,
      composite: false,
      incremental: false,
      emitDeclarationOnly: false,
    };
    const files = new Map(
      blocks.map((code, index) => [
        join(packageDir, `test/readme-example-${String(index + 1)}.ts`),
        index === 0 ? code : `${PREAMBLE}${code}`,
      ]),
    );
    const host = ts.createCompilerHost(options);
    const [fileExists, read] = [host.fileExists.bind(host), host.readFile.bind(host)];
    const getSourceFile = host.getSourceFile.bind(host);
    host.fileExists = (file) => files.has(file) || fileExists(file);
    host.readFile = (file) => files.get(file) ?? read(file);
    host.getSourceFile = (file, ...rest) => {
      const text = files.get(file);
      return text === undefined ? getSourceFile(file, ...rest) : ts.createSourceFile(file, text, rest[0]);
    };
    const program = ts.createProgram([...files.keys()], options, host);
    const problems = ts
      .getPreEmitDiagnostics(program)
      .map(({ file, messageText }) => `${file?.fileName ?? ''}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`);
    expect(problems).toEqual([]);
    expect(files.size).toBeGreaterThan(6);
  });
});

const missing = process.env['CI'] === undefined ? mosquittoMissing() : undefined;

describe.skipIf(missing !== undefined)(`the examples of the README run${missing ? ` (${missing})` : ''}`, () => {
  const opened = new Opened();
  const dir = mkdtempSync(join(tmpdir(), 'device-client-readme-'));
  let scope: Record<string, unknown> = {};
  const printed: string[] = [];

  beforeAll(async () => {
    const { broker, ca, operator } = await initPki({ dir: join(dir, '.secure-esp'), hosts: ['localhost'] });
    const texts = { 'ca.crt': ca, 'broker.crt': broker.cert, 'broker.key': broker.key };
    const operators = { 'operator.crt': operator.cert, 'operator.key': operator.key };
    for (const [name, text] of Object.entries({ ...texts, ...operators })) writeFileSync(join(dir, name), text);
    const securePort = await freePort();
    const mosquitto = await startMosquitto([
      `listener ${String(securePort)} localhost`,
      'allow_anonymous true',
      'require_certificate true',
      `cafile ${join(dir, 'ca.crt')}`,
      `certfile ${join(dir, 'broker.crt')}`,
      `keyfile ${join(dir, 'broker.key')}`,
    ]);
    opened.add(() => mosquitto.close());
    for (const id of ['esp-001', 'esp-002', 'esp-003']) behave(await opened.peer(mosquitto, id));
    const lamp = await opened.peer(mosquitto, 'lamp-1', { root: '/lamps' });
    await lamp.mqtt.subscribeAsync('/lamps/devices/lamp-1/lamp/set-level', { qos: 1 });
    await lamp.event('lamp/power', { watts: 7 }, true);
    keepBusy(await opened.peer(mosquitto, 'esp-009'));

    const url = `mqtts://localhost:${String(securePort)}`;
    const tls = { ca: operator.ca, cert: operator.cert, key: operator.key };
    const client = await deviceClient.connect({ url, tls });
    opened.add(() => client.close());
    const print = (...args: unknown[]): void => void printed.push(args.join(' '));
    scope = {
      ...protocol,
      ...deviceClient,
      z,
      // The page's names for what a reader has on his own machine.
      openPki: () => openPki(join(dir, '.secure-esp')),
      readFile: (name: string) => readFile(join(dir, name), 'utf8'),
      connect: (options: deviceClient.ConnectOptions) => deviceClient.connect({ ...options, url }),
      client,
      device: client.device('esp-001'),
      url,
      tls,
      console: { log: print, warn: print, error: print },
    };
  });

  /** Updates whenever it is told to. */
  function behave(peer: DevicePeer): void {
    let run = 0;
    peer.onCommand = async (command) => {
      if (command.leaf !== 'update/run') return peer.reply(command, { ok: true });
      run += 1;
      await peer.reply(command, { ok: true, run });
      await peer.state({ run, state: 'downloading', to: '2.0.0', bytes: 50, total: 100 });
      await peer.state({ run, state: 'confirmed', to: '2.0.0' });
    };
  }

  /** Comes, says something and goes, until the tests are over. */
  function keepBusy(peer: DevicePeer): void {
    const state = { over: false };
    const busy = (async () => {
      while (!state.over) {
        await peer.online();
        await peer.event('log', 'here I am');
        await peer.status({ online: false });
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    })();
    opened.add(async () => {
      state.over = true;
      await busy;
    });
  }

  afterAll(async () => {
    await opened.close();
    rmSync(dir, { recursive: true, force: true });
  });

  it.each(titles)('$title', async ({ code }) => {
    const { outputText } = ts.transpileModule(code, {
      compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true },
    });
    const body = outputText.replaceAll(/^import .*$/gm, '');
    // A block of its own: an example may declare what the others go on from.
    await new AsyncFunction(...Object.keys(scope), `{\n${body}\n}`)(...Object.values(scope));
  });

  it('print what they promise', () => {
    expect(printed).toEqual(
      expect.arrayContaining([
        'downloading 50 %',
        '1.0.0 -> 2.0.0',
        'esp-003 done',
        'esp-002 runs 1.0.0',
        'esp-002 confirmed 100 %',
        'confirmed ',
        'esp-009 here I am',
        'esp-009 offline',
        'lamp-1 7',
        'lamp-2 not_reported',
        'closed',
      ]),
    );
  });
});
