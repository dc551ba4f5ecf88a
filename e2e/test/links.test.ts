import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { workspaceRoot } from './support/environment.js';

/** The parts of docs/benchmarks.md are written for its place. */
const files = execFileSync('git', ['ls-files', '*.md', ':!bench/texts'], { cwd: workspaceRoot, encoding: 'utf8' })
  .trim()
  .split('\n');

/** Text that is shown: neither code blocks nor code in a line can hold a link or a heading. */
const shown = (file: string): string =>
  readFileSync(join(workspaceRoot, file), 'utf8')
    .replaceAll(/^(```|~~~)[\s\S]*?^\1/gm, '')
    .replaceAll(/(?<=\[)([^[\]]*)(?=\]\()/g, (label) => label.replaceAll('`', ''));

/** How GitHub names the heading of a section. */
const slugOf = (heading: string): string =>
  heading
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replaceAll('`', '')
    .trim()
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\p{M}_ -]/gu, '')
    .replaceAll(' ', '-');

function anchorsOf(file: string): ReadonlySet<string> {
  const counts = new Map<string, number>();
  const anchors = new Set<string>();
  for (const [, heading = ''] of shown(file).matchAll(/^#{1,6} (.+)$/gm)) {
    const slug = slugOf(heading);
    const count = counts.get(slug) ?? 0;
    counts.set(slug, count + 1);
    anchors.add(count === 0 ? slug : `${slug}-${count}`);
  }
  return anchors;
}

/** Why a link leads nowhere; `undefined` when it leads somewhere in this repository, or out of it. */
function faultOf(file: string, link: string): string | undefined {
  if (/^[a-z][a-z0-9+.-]*:/i.test(link)) return undefined;
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? join(workspaceRoot, file) : resolve(workspaceRoot, dirname(file), path);
  if (!existsSync(target)) return `${file}: ${link} does not exist`;
  if (anchor === undefined || statSync(target).isDirectory() || !target.endsWith('.md')) return undefined;
  return anchorsOf(relative(workspaceRoot, target)).has(anchor) ? undefined : `${file}: ${link} has no such heading`;
}

test('every link of the documentation leads to a file, and to a heading that is there', () => {
  const links = files.flatMap((file) =>
    [...shown(file).matchAll(/\]\(<?([^)<>\s]+)>?\)/g)].map(([, link = '']) => [file, link] as const),
  );
  expect(links.length).toBeGreaterThan(100);
  expect(links.flatMap(([file, link]) => faultOf(file, link) ?? [])).toEqual([]);
});
