import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { transform } from 'esbuild';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { hasTools, workspaceRoot } from './support/environment.js';
import { installPacked } from './support/packed.js';
import { runProgram, startProgram } from './support/program.js';

interface Manifest {
  readonly devDependencies: Readonly<Record<string, string>>;
}

/** The frameworks in the versions that the package is tested with. */
async function frameworks(): Promise<string[]> {
  const text = await readFile(join(workspaceRoot, 'packages/ota-server/package.json'), 'utf8');
  const { devDependencies } = JSON.parse(text) as Manifest;
  return Object.entries(devDependencies)
    .filter(([name]) => !name.startsWith('@types/'))
    .map(([name, version]) => `${name}@${version}`);
}

/** What a user does who has a server: installs, copies an example, starts it. */
describe.skipIf(!hasTools('curl'))('the update server in a server of one’s own, from the packed packages', () => {
  let dir: string;

  const secureEsp = async (line: string): Promise<string> => {
    const { code, output } = await runProgram('npx', ['--no-install', 'secure-esp', ...line.split(' ')], { cwd: dir });
    expect([line, output, code]).toEqual([line, expect.any(String), 0]);
    return output;
  };
  /** Status and body. */
  const curl = async (url: string, device?: string): Promise<[status: string, body: string]> => {
    const pair = device === undefined ? [] : ['--cert', `${device}/client.crt`, '--key', `${device}/client.key`];
    const args = ['--silent', '--cacert', '.secure-esp/ca/certs/ca.crt', ...pair, '--write-out', '%{http_code}', url];
    const { output } = await runProgram('curl', [...args, '--output', 'body'], { cwd: dir });
    return [output, await readFile(join(dir, 'body'), 'latin1')];
  };

  beforeAll(async () => {
    dir = await installPacked('hosts', { type: 'module', others: await frameworks() });
    await secureEsp('pki init --host localhost --device esp-001 --device esp-002');
    await secureEsp('image build --chip esp32 --project secure_esp --image-version 1.0.0 --out app.bin');
    await secureEsp('image sign app.bin --out signed.bin');
    await secureEsp('ota publish signed.bin --firmware firmware --url https://localhost:8070/updates');
    await secureEsp('pki revoke esp-002');
    const examples = join(dir, 'node_modules/@secure-esp/ota-server/examples');
    for (const name of ['setup', 'node', 'express', 'fastify', 'hono', 'upload']) {
      const source = await readFile(join(examples, `${name}.ts`), 'utf8');
      await writeFile(join(dir, `${name}.js`), (await transform(source, { loader: 'ts', target: 'node20' })).code);
    }
  }, 300_000);
  afterAll(() => rm(dir, { recursive: true, force: true }));

  test.each(['node', 'express', 'fastify', 'hono', 'upload'])(
    '%s: a device gets the image, the revoked and strangers get nothing, the host’s own page is there',
    async (name) => {
      const program = startProgram(process.execPath, [`${name}.js`], { cwd: dir, env: { ...process.env, PORT: '0' } });
      onTestFinished(async () => {
        await program.stop();
      });
      const [, base = ''] = await program.waitFor(/updates on (https:\/\/localhost:[0-9]+)\/updates\//, 20_000);
      const image = await readFile(join(dir, 'signed.bin'), 'latin1');
      expect(await curl(`${base}/updates/secure_esp.bin`, '.secure-esp/devices/esp-001')).toEqual(['200', image]);
      expect((await curl(`${base}/updates/secure_esp.bin`, '.secure-esp/devices/esp-002'))[0]).toBe('403');
      expect((await curl(`${base}/updates/secure_esp.bin`))[0]).toBe('403');
      expect(await curl(`${base}/`)).toEqual(['200', 'My own pages.\n']);
    },
  );
});
