import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { workspaceRoot } from './support/environment.js';
import { runProgram } from './support/program.js';

const TYPEDOC = 'node_modules/typedoc/bin/typedoc';
const VITEPRESS = 'node_modules/vitepress/bin/vitepress.js';

const run = (...args: string[]): Promise<{ code: number; output: string }> =>
  runProgram(process.execPath, args, { cwd: workspaceRoot });

/** What a reader finds in the sidebar, and what must not get lost. */
const PAGES = [
  'index',
  'getting-started',
  'migration',
  'updates',
  'pki',
  'hardware',
  'operations',
  ...['cli', 'device-client', 'ota-server', 'broker', 'pki', 'protocol', 'firmware-image', 'simulator'].map(
    (room) => `packages/${room}`,
  ),
  'firmware',
  'firmware/components/secure_esp',
  'reference/protocol',
  'reference/http',
  'reference/cli',
  'reference/api/index',
  'reference/api/@secure-esp/device-client',
  'architecture',
  'threat-model',
  'proofs',
  'liveness',
  'footprint',
  'benchmarks',
  'contributing',
];

/** A part of TypeDoc's JSON, as far as it is read here. */
interface Reflection {
  readonly name: string;
  readonly kind: number;
  readonly comment?: object;
  readonly signatures?: readonly Reflection[];
  readonly children?: readonly Reflection[];
  /** `target` is negative for what is not of this project. */
  readonly inheritedFrom?: { readonly target: number };
}

/** TypeDoc's number of interfaces. */
const INTERFACE = 256;

const isDocumented = ({ comment, signatures = [] }: Reflection): boolean =>
  comment !== undefined || signatures.some((signature) => signature.comment !== undefined);

const readJson = async <T>(...path: readonly string[]): Promise<T> =>
  JSON.parse(await readFile(join(workspaceRoot, ...path), 'utf8')) as T;

describe('the site', () => {
  let dir: string;
  let api: Reflection;
  let pages: ReadonlyMap<string, string>;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'secure-esp-site-'));
    // Types are checked elsewhere; here a link of a comment that leads nowhere, and an export without one, is a warning.
    const reference = await run(TYPEDOC, '--json', join(dir, 'api.json'));
    expect(reference.code, reference.output).toBe(0);
    expect(reference.output).not.toContain('[warning]');
    api = JSON.parse(await readFile(join(dir, 'api.json'), 'utf8')) as Reflection;
    // Links to pages that do not exist end it with an error.
    const site = await run(VITEPRESS, 'build', 'docs', '--outDir', dir);
    expect(site.code, site.output).toBe(0);
    const files = (await readdir(dir, { recursive: true })).filter((file) => file.endsWith('.html'));
    const texts = await Promise.all(files.map((file) => readFile(join(dir, file), 'utf8')));
    pages = new Map(files.map((file, index) => [file.replace(/\.html$/, ''), texts[index] ?? '']));
  }, 300_000);
  afterAll(() => rm(dir, { recursive: true, force: true }));

  test('has every page', () => {
    expect(PAGES.filter((page) => !pages.has(page))).toEqual([]);
  });

  test('has the API of every package, by all of its doors', async () => {
    const settings = await readJson<{ entryPoints: string[]; packagesRequiringDocumentation: string[] }>(
      'typedoc.json',
    );
    const folders = await readdir(join(workspaceRoot, 'packages'));
    const packages = await Promise.all(
      folders.map((folder) =>
        readJson<{ name: string; exports: Record<string, Partial<Record<string, string>>> }>(
          'packages',
          folder,
          'package.json',
        ),
      ),
    );
    const doors = packages.flatMap(({ exports }, index) =>
      Object.values(exports).flatMap(({ '@secure-esp/source': source }) =>
        source === undefined ? [] : [join('packages', folders[index] ?? '', source)],
      ),
    );
    expect(settings.entryPoints.toSorted()).toEqual(doors.toSorted());
    expect(settings.packagesRequiringDocumentation.toSorted()).toEqual(packages.map(({ name }) => name).toSorted());
  });

  test('says of every option what it is, beside every export', () => {
    // Members of other interfaces may be documented by the comment of the whole, those of payloads by the contract.
    const options = (api.children ?? []).flatMap((door) =>
      (door.children ?? []).flatMap(({ name, kind, children = [] }) =>
        kind === INTERFACE && name.endsWith('Options')
          ? children.map((member) => ({ name: `${door.name}: ${name}.${member.name}`, member }))
          : [],
      ),
    );
    expect(options.length).toBeGreaterThan(300);
    const foreign = ({ inheritedFrom }: Reflection): boolean => (inheritedFrom?.target ?? 0) < 0;
    const silent = options.filter(({ member }) => !isDocumented(member) && !foreign(member));
    expect(silent.map(({ name }) => name)).toEqual([]);
  });

  test('leads from every link to a page, to a heading that is there, or to a file', async () => {
    const files = new Set(await readdir(dir, { recursive: true }));
    const anchors = new Map(
      [...pages].map(([page, html]) => [page, new Set([...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id))]),
    );
    const links = [...pages].flatMap(([page, html]) =>
      [...html.matchAll(/<a [^>]*href="([^"]+)"/g)].map(([, href = '']) => [page, href] as const),
    );
    const faults = links.flatMap(([page, href]) => {
      const { origin, pathname, hash } = new URL(href.replaceAll('&amp;', '&'), `http://site/${page}`);
      if (origin !== 'http://site') return [];
      const path = decodeURIComponent(pathname).slice(1);
      if (files.has(path) && !path.endsWith('.html')) return [];
      const target = [path, `${path}index`, `${path}/index`].find((name) => pages.has(name));
      if (target === undefined) return [`${page}: ${href}`];
      const id = decodeURIComponent(hash.slice(1));
      return id === '' || anchors.get(target)?.has(id) === true ? [] : [`${page}: ${href}`];
    });
    expect(links.length).toBeGreaterThan(1000);
    expect([...new Set(faults)]).toEqual([]);
  });

  test('shows code with braces as it was written, and does not take it for a template', () => {
    for (const example of ['deploy-emqx', 'deploy-mosquitto']) {
      expect(pages.get(`examples/${example}`)).toContain('--format &#39;{{index .RepoDigests 0}}&#39;');
    }
  });

  test('loads nothing from elsewhere', async () => {
    for (const [page, html] of pages) {
      const loaded = [...html.matchAll(/<(?:script|link|img|iframe)[^>]*(?:src|href)="((?:https?:)?\/\/[^"]*)"/g)];
      expect([page, loaded.map(([, url]) => url)]).toEqual([page, []]);
    }
    const styles = (await readdir(dir, { recursive: true })).filter((file) => file.endsWith('.css'));
    for (const file of styles) {
      expect(await readFile(join(dir, file), 'utf8')).not.toMatch(/(?:@import|url\()\s*["']?(?:https?:)?\/\//);
    }
  });

  test('finds what is on its pages', async () => {
    const files = await readdir(dir, { recursive: true });
    const [index = ''] = files.filter((file) => /localSearchIndex/i.test(file));
    const text = await readFile(join(dir, index), 'utf8');
    for (const heading of ['Reply codes', 'Backups', 'Coming from certificate_creation.sh'])
      expect(text).toContain(heading);
  });
});
