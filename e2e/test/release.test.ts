import { cp, mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { temporaryFolder, workspaceRoot } from './support/environment.js';
import { ROOMS } from './support/packed.js';
import { runProgram } from './support/program.js';

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly scripts?: Readonly<Record<string, string>>;
  readonly engines?: { readonly node?: string };
  readonly repository?: { readonly type: string; readonly url: string; readonly directory: string };
}

const read = (path: string): Promise<string> => readFile(join(workspaceRoot, path), 'utf8');
const manifestOf = async (folder: string): Promise<Manifest> =>
  JSON.parse(await read(join(folder, 'package.json'))) as Manifest;

describe('what is published', () => {
  test('is every package, under one licence, for the same Node.js, without a script that npm runs at installation', async () => {
    const { engines } = await manifestOf('.');
    for (const room of ROOMS) {
      const { name, license, scripts = {}, ...rest } = await manifestOf(`packages/${room}`);
      expect([name, license, rest.engines]).toEqual([name, 'MIT', engines]);
      expect([name, Object.keys(scripts).filter((script) => /install$|^prepare$/.test(script))]).toEqual([name, []]);
    }
    expect((await readdir(join(workspaceRoot, 'packages'))).sort()).toEqual([...ROOMS].sort());
  });

  test('the bill of materials names the package, all that comes along, and its licences', async () => {
    const out = await temporaryFolder();
    const made = await runProgram(process.execPath, ['tools/release/sbom.mjs', '--out', out], { cwd: workspaceRoot });
    expect([made.output, made.code]).toEqual([expect.any(String), 0]);
    expect(await readdir(out)).toHaveLength(ROOMS.length);
    const { version } = await manifestOf('packages/device-client');
    const text = await readFile(join(out, `secure-esp-device-client-${version}.cdx.json`), 'utf8');
    const bom = JSON.parse(text) as {
      readonly specVersion: string;
      readonly metadata: { readonly component: { readonly purl: string } };
      readonly components: readonly { readonly name: string; readonly licenses: readonly unknown[] }[];
    };
    expect([bom.specVersion, bom.metadata.component.purl]).toEqual([
      '1.6',
      `pkg:npm/%40secure-esp/device-client@${version}`,
    ]);
    expect(bom.components.map(({ name }) => name)).toEqual(expect.arrayContaining(['mqtt', 'protocol', 'zod', 'ws']));
    expect(bom.components.filter(({ licenses }) => licenses.length === 0)).toEqual([]);
    expect(text).not.toContain(workspaceRoot);
  });

  test('a manifest gets the repository that publishes it, and nothing else changes', async () => {
    const copy = await temporaryFolder();
    await cp(join(workspaceRoot, 'tools/release'), join(copy, 'tools/release'), { recursive: true });
    for (const room of ROOMS) {
      await mkdir(join(copy, 'packages', room), { recursive: true });
      await cp(join(workspaceRoot, 'packages', room, 'package.json'), join(copy, 'packages', room, 'package.json'));
    }
    const set = (...args: string[]): ReturnType<typeof runProgram> =>
      runProgram(process.execPath, [join(copy, 'tools/release/set-repository.mjs'), ...args], { cwd: copy });
    for (const wrong of ['github.com/a/b', 'http://example.com/a/b', 'https://example.com/a']) {
      const refused = await set(wrong);
      expect([refused.output.trim(), refused.code]).toEqual([expect.stringContaining('https://host/owner/name'), 2]);
    }
    expect((await set('https://example.com/acme/secure-esp')).code).toBe(0);
    const { repository, ...rest } = JSON.parse(
      await readFile(join(copy, 'packages/pki/package.json'), 'utf8'),
    ) as Manifest;
    expect(rest).toEqual(await manifestOf('packages/pki'));
    expect(repository).toEqual({
      type: 'git',
      url: 'git+https://example.com/acme/secure-esp.git',
      directory: 'packages/pki',
    });
  });
});

describe('the workflows', () => {
  test('are YAML, have no more rights than they need, a deadline, and call only what there is', async () => {
    const { scripts = {} } = await manifestOf('.');
    for (const file of await readdir(join(workspaceRoot, '.github/workflows'))) {
      const text = await read(join('.github/workflows', file));
      const workflow = parse(text) as {
        readonly permissions?: unknown;
        readonly jobs: Readonly<Record<string, { readonly 'timeout-minutes'?: number }>>;
      };
      expect([file, workflow.permissions]).toEqual([file, { contents: 'read' }]);
      for (const [job, { 'timeout-minutes': minutes }] of Object.entries(workflow.jobs))
        expect([file, job, minutes]).toEqual([file, job, expect.any(Number)]);
      for (const [, script = ''] of text.matchAll(/npm run ([a-z:-]+)/g))
        expect(Object.keys(scripts)).toContain(script);
    }
  });

  test('the release passes the README’s test command first, and is the only one that may sign', async () => {
    const release = await read('.github/workflows/release.yml');
    expect(release.indexOf('.ci/run')).toBeGreaterThan(0);
    expect(release.indexOf('.ci/run')).toBeLessThan(release.indexOf('npm run release'));
    expect(release).not.toMatch(/NPM_TOKEN|NODE_AUTH_TOKEN/);
    expect(await read('.github/workflows/ci.yml')).not.toContain('id-token');
  });
});

test('SECURITY.md names the versions that the manifests and workflows have', async () => {
  const security = await read('SECURITY.md');
  const row = (what: string): string => new RegExp(`^\\| ${what} .*$`, 'm').exec(security)?.[0] ?? '';
  const { engines } = await manifestOf('.');
  for (const [, version = ''] of (engines?.node ?? '').matchAll(/([0-9]+(?:\.[0-9]+)?)/g))
    expect(row('Node.js')).toContain(version === '0' ? '' : version);
  const firmware = await read('.github/workflows/firmware.yml');
  for (const [, version = ''] of firmware.matchAll(/'v([0-9.]+)'/g)) expect(row('ESP-IDF')).toContain(version);
});
