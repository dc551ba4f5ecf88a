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

describe('the site', () => {
  let dir: string;
  let pages: ReadonlyMap<string, string>;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'secure-esp-site-'));
    // Types are checked elsewhere; here a link of a comment that leads nowhere is a warning.
    const api = await run(TYPEDOC);
    expect(api.code, api.output).toBe(0);
    expect(api.output).not.toContain('[warning]');
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
