import { cp, mkdir } from 'node:fs/promises';
import { statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import type { MarkdownOptions } from 'vitepress';
import { follow, repository } from './pages';

type MarkdownIt = Parameters<NonNullable<MarkdownOptions['config']>>[0];

/** Files outside the site that its pages link to: copied beside the pages, as text. */
const copied = new Set<string>();
const copyOf = (path: string): string => `files/${path}.txt`;

const isRelative = (link: string): boolean => link !== '' && !/^(?:[a-z][a-z0-9+.-]*:|[#/])/i.test(link);

/**
 * Pages are written for GitHub: their links are relative to the file and may lead anywhere in the repository. On the site a
 * link to a page leads to that page, one to another file to a copy of it, and one to a folder without a page is its name.
 */
export function repositoryLinks(md: MarkdownIt): void {
  md.core.ruler.push('repository_links', ({ tokens, env }) => {
    const { realPath, path } = env as { readonly realPath?: string; readonly path: string };
    const file = relative(repository, realPath ?? path);
    for (const token of tokens.flatMap(({ children }) => children ?? [])) {
      const link = token.type === 'link_open' ? (token.attrGet('href') ?? '') : '';
      if (!isRelative(link)) continue;
      const target = follow(file, link);
      // what is missing stays as it is: VitePress names it and ends the build
      if (target.kind === 'page') token.attrSet('href', target.href);
      if (target.kind !== 'file') continue;
      if (statSync(join(repository, target.path)).isDirectory()) {
        token.attrs = [['title', target.path]];
      } else {
        copied.add(target.path);
        token.attrs = [
          ['href', `/${copyOf(target.path)}`],
          ['target', '_self'],
        ];
      }
    }
  });
}

/** Code between backticks is shown as it stands: `{{index .RepoDigests 0}}` is Docker's, not a template of the site. */
export function literalCode(md: MarkdownIt): void {
  md.core.ruler.push('literal_code', ({ tokens }) => {
    for (const token of tokens.flatMap(({ children }) => children ?? [])) {
      if (token.type === 'code_inline') token.attrSet('v-pre', '');
    }
  });
}

export async function copyLinkedFiles(outDir: string): Promise<void> {
  for (const path of copied) {
    const copy = join(outDir, copyOf(path));
    await mkdir(dirname(copy), { recursive: true });
    await cp(join(repository, path), copy);
  }
}
