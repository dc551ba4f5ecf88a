import { createFileFirmwareStore, dangerouslyReleaseUnchecked } from '@secure-esp/ota-server';
import { type Credentials, openPki } from '@secure-esp/pki';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { type Agent, get } from 'node:https';
import { join } from 'node:path';
import { expect } from 'vitest';
import { runMain, temporaryFolder } from '../run-main.js';
import { type Program, startProgram } from './real-program.js';

/** More than the sockets of both sides buffer: its download waits for a reader. */
export const IMAGE_BYTES = 16 * 1024 * 1024;

export interface Served extends Program {
  readonly cwd: string;
  readonly port: number;
  readonly admin: string;
  readonly a: Credentials;
  readonly b: Credentials;
  /** Lines of the log with this type. */
  log(type: string): Record<string, unknown>[];
}

export interface ServeOptions {
  /** Folder of the tree that it is started with, in `cwd`. Default: the whole one. */
  readonly dir?: string;
  /** Before it starts. */
  readonly prepare?: (cwd: string) => Promise<void>;
}

/** A tree with devices `a` and `b` and one release, served by the real program. */
export async function serve(
  bin: string,
  argv: readonly string[],
  { dir = '.secure-esp', prepare }: ServeOptions = {},
): Promise<Served> {
  const cwd = await temporaryFolder();
  await runMain(cwd, ['pki', 'init', '--device', 'a', '--device', 'b']);
  const firmware = join(cwd, '.secure-esp/firmware');
  const store = createFileFirmwareStore({ dir: firmware });
  const release = { channel: 'secure_esp', project: 'lamp', chip: 'esp32', version: '1.0.0' };
  await dangerouslyReleaseUnchecked({ store, image: new Uint8Array(IMAGE_BYTES), release });
  await prepare?.(cwd);
  const places = ['--dir', dir, '--firmware', firmware, '--port', '0', '--admin-port', '0'];
  const started = startProgram(bin, cwd, ['ota', 'serve', ...places, ...argv]);
  const listening = /update server on https:\/\/127\.0\.0\.1:(\d+)/;
  await Promise.race([
    expect.poll(() => started.stderr(), { timeout: 60_000 }).toMatch(listening),
    started.ended.then((code) => {
      throw new Error(`ended with ${code}: ${started.stderr()}`);
    }),
  ]);
  const tree = await openPki(join(cwd, '.secure-esp'));
  return {
    ...started,
    cwd,
    port: Number(listening.exec(started.stderr())?.[1]),
    admin: /metrics on (http:\S+)/.exec(started.stderr())?.[1] ?? '',
    a: await tree.device('a'),
    b: await tree.device('b'),
    log: (type) =>
      started
        .stdout()
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as Record<string, unknown>)
        .filter((line) => line['type'] === type),
  };
}

/** The begin of a reply; nothing of its body is read yet. */
export function ask(
  { port }: Served,
  { ca, cert, key }: Credentials,
  { path = '/none.bin', agent = false }: { path?: string; agent?: Agent | false } = {},
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = get({ host: '127.0.0.1', port, path, ca, cert, key, agent }, resolve).on('error', reject);
    request.on('timeout', () => {
      request.destroy(new Error('no answer'));
    });
  });
}

export async function statusOf(...args: Parameters<typeof ask>): Promise<number | undefined> {
  const response = await ask(...args);
  response.resume();
  await once(response, 'end');
  return response.statusCode;
}
