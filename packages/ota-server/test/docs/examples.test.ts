import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { initPki } from '@secure-esp/pki';
import { build } from 'esbuild';
import ts from 'typescript';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createFileFirmwareStore } from '../../src/index.js';
import { publish } from '../fixtures/firmware.js';
import { get } from '../fixtures/https-client.js';
import { temporaryDirectory } from '../fixtures/temporary-directory.js';

const root = join(import.meta.dirname, '../..');
const examples = join(root, 'examples');
const HOSTS = ['node', 'express', 'fastify', 'hono'] as const;
const read = (path: string) => readFileSync(join(root, path), 'utf8');

/** Starts an example in `dir` and returns the port that it prints. */
async function startExample(name: string, dir: string): Promise<number> {
  const program = join(dir, 'example.mjs');
  await build({
    entryPoints: [join(examples, `${name}.ts`)],
    outfile: program,
    bundle: true,
    format: 'esm',
    platform: 'node',
    conditions: ['@secure-esp/source'],
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
    logLevel: 'error',
  });
  const env = { ...process.env, PORT: '0' };
  const child = spawn(process.execPath, [program], { cwd: dir, env, stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(async () => {
    child.kill();
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  });
  for await (const line of createInterface({ input: child.stdout })) {
    const port = /^updates on https:\/\/localhost:([0-9]+)\/updates\/$/.exec(line)?.[1];
    if (port !== undefined) return Number(port);
  }
  throw new Error(`the example ${name} ended`);
}

describe('the examples', () => {
  it('are one program per host, beside what they share', () => {
    const programs = readdirSync(examples).filter((file) => file.endsWith('.ts'));
    expect(programs.sort()).toEqual([...HOSTS, 'setup'].map((name) => `${name}.ts`).sort());
  });

  it('are type-correct', () => {
    const path = join(root, 'tsconfig.examples.json');
    const config = ts.parseJsonConfigFileContent(
      ts.readConfigFile(path, (file) => ts.sys.readFile(file)).config,
      ts.sys,
      root,
    );
    const options = {
      ...config.options,
      rootDir: join(root, '../..'),
      noEmit: true,
      composite: false,
      incremental: false,
      emitDeclarationOnly: false,
    };
    const diagnostics = ts.getPreEmitDiagnostics(ts.createProgram(config.fileNames, options));
    expect(diagnostics.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))).toEqual([]);
  });

  it.each(HOSTS)('%s: serves updates below a path, and its own page beside it', async (name) => {
    const dir = await temporaryDirectory();
    const pki = await initPki({
      dir: join(dir, '.secure-esp'),
      hosts: ['localhost', '127.0.0.1'],
      devices: ['esp-001'],
    });
    const device = await pki.device('esp-001');
    const store = createFileFirmwareStore({ dir: join(dir, 'firmware') });
    const { sha256 } = await publish(store, {}, { url: 'https://localhost:8070/updates/', now: () => new Date() });
    const port = await startExample(name, dir);
    const trust = { ca: pki.ca };
    const image = await get(port, '/updates/secure_esp.bin', device, trust);
    expect([image.status, image.headers.etag]).toEqual([200, `"${sha256}"`]);
    expect((await get(port, '/updates/secure_esp.bin', undefined, trust)).status).toBe(403);
    const page = await get(port, '/', undefined, trust);
    expect([page.status, page.body.toString()]).toEqual([200, 'My own pages.\n']);
    expect((await get(port, '/updates/', undefined, trust)).status).toBe(404);
    await pki.revoke({ commonName: 'esp-001' });
    expect((await get(port, '/updates/secure_esp.bin', device, trust)).status).toBe(403);
  });

  it('have every line that the README shows for its host, none of which mounts it in more than three lines', () => {
    const section = /## Put it into your own server\n([^]*?)\n### /.exec(read('README.md'))?.[1] ?? '';
    const [shared = '', ...mounts] = [...section.matchAll(/```ts\n([^]*?)```/g)].map(([, code = '']) => code);
    const order = ['express', 'fastify', 'hono', 'node'];
    expect(mounts).toHaveLength(order.length);
    for (const [index, snippet] of [shared, ...mounts].entries()) {
      const program = read(`examples/${['setup', ...order][index] ?? ''}.ts`)
        .replaceAll(/^export /gm, '')
        .split('\n');
      const lines = snippet.split('\n').filter((line) => line !== '');
      expect(program).toEqual(expect.arrayContaining(lines));
    }
    for (const snippet of mounts.slice(0, 3)) {
      const code = `${shared}${snippet}`.split('\n').filter((line) => line !== '' && !line.startsWith('import '));
      expect(code).toHaveLength(3);
    }
  });
});
