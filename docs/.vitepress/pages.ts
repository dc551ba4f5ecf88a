import { existsSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const repository = fileURLToPath(new URL('../..', import.meta.url));

/** Where `npm run docs:build` lets TypeDoc write. */
const API_FOLDER = 'build/site/api/';

/** Markdown of the repository that is no page: its front page on GitHub, fragments, and what is somebody else's. */
export const NO_PAGES = [
  'README.md',
  '**/CHANGELOG.md',
  '**/golden/**',
  '**/coverage/**',
  '**/managed_components/**',
  'bench/{texts,*/,.*}/**',
  'build/!(site)/**',
  'firmware/build*/**',
  'packages/*/{api,src,test,dist}/**',
  'provisioned*/**',
];

/** The page that a file of the repository becomes: `packages/pki/README.md` is `packages/pki.md`. */
export const pageOf = (file: string): string =>
  file
    .replace(/^docs\//, '')
    .replace(API_FOLDER, 'reference/api/')
    .replace(/\/README\.md$/, '.md')
    .replace(/^[A-Z]+\.md$/, (name) => name.toLowerCase());

/** What a link of a file means on the site. */
export type Target =
  | { readonly kind: 'page'; readonly href: string }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'missing' };

/** Follows a relative link from a file of the repository, as GitHub does. */
export function follow(file: string, link: string): Target {
  const [path = '', anchor] = link.split('#');
  const target = relative(repository, resolve(repository, dirname(file), decodeURIComponent(path)));
  if (!existsSync(join(repository, target))) return { kind: 'missing' };
  const hash = anchor === undefined ? '' : `#${anchor}`;
  if (target === 'README.md' || target === '') return { kind: 'page', href: `/${hash}` };
  const isFolder = statSync(join(repository, target)).isDirectory();
  const document = isFolder ? `${target}/README.md` : target;
  if (!document.endsWith('.md') || !existsSync(join(repository, document))) return { kind: 'file', path: target };
  return { kind: 'page', href: `/${pageOf(document)}${hash}` };
}

/** How GitHub names a heading. The site does the same, so that a link to a section works on both. */
export const slugOf = (heading: string): string =>
  heading
    .trim()
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\p{M}_ -]/gu, '')
    .replaceAll(' ', '-');
