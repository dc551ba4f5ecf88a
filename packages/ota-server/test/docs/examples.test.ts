import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { initPki } from '@secure-esp/pki';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { createFileFirmwareStore } from '../../src/index.js';
import { publish } from '../fixtures/firmware.js';
import { get } from '../fixtures/https-client.js';
import { temporaryDirectory } from '../fixtures/temporary-directory.js';
import { examples, startExample } from './start-example.js';

const root = join(import.meta.dirname, '../..');
const HOSTS = ['node', 'express', 'fastify', 'hono'] as const;
const read = (path: string) => readFileSync(join(root, path), 'utf8');

describe('the examples', () => {
  it('are one program per host, beside what they share', () => {
    const programs = readdirSync(examples).filter((file) => file.endsWith('.ts'));
    expect(programs.sort()).toEqual([...HOSTS, 'setup', 'upload'].map((name) => `${name}.ts`).sort());
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
