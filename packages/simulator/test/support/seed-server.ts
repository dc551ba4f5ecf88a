import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually } from './eventually.js';
import type { TestPki } from './pki.js';

/** Why there is no OpenSSL; `undefined`: there is one. */
export const opensslMissing: string | undefined =
  spawnSync('openssl', ['version']).error === undefined ? undefined : 'openssl is not installed';

/** `openssl s_server -WWW`: HTTP/1.0, no length, no ranges, no tags; a missing file is answered with 200 as well. */
export interface SeedServer extends AsyncDisposable {
  readonly port: number;
  readonly url: string;
  /** What it printed: a line per file. */
  output(): string;
  kill(signal: NodeJS.Signals): Promise<void>;
}

export interface SeedServerOptions {
  /** Default: a free one. */
  readonly port?: number;
  /** Wants a certificate of a device. */
  readonly verify: boolean;
}

/** Serves the folder of the PKI's texts. */
export const startSeedServer = async (pki: TestPki, { port = 0, verify }: SeedServerOptions): Promise<SeedServer> => {
  const { otaCert, otaKey } = pki.tree.paths;
  await writeFile(join(pki.dir, 'devices.crt'), pki.tree.deviceCa);
  const clients = verify ? ['-Verify', '1', '-verify_return_error', '-CAfile', 'devices.crt'] : [];
  const args = ['s_server', '-WWW', '-accept', String(port), '-cert', otaCert, '-key', otaKey, ...clients];
  const child: ChildProcess = spawn('openssl', args, { cwd: pki.dir, stdio: ['ignore', 'pipe', 'pipe'] });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (data: Buffer) => (text += data.toString()));
  const listening = /ACCEPT .*:(\d+)/;
  await eventually(
    () => listening.test(text) || (port !== 0 && /ACCEPT/.test(text)),
    () => `openssl does not listen: ${text}`,
  );
  const bound = port === 0 ? Number(listening.exec(text)?.[1]) : port;
  const kill = async (signal: NodeJS.Signals): Promise<void> => {
    child.kill(signal);
    await exited;
  };
  return {
    port: bound,
    url: `https://localhost:${String(bound)}/secure_esp.bin`,
    output: () => text,
    kill,
    [Symbol.asyncDispose]: () => kill('SIGKILL'),
  };
};
