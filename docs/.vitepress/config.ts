import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { defineConfig } from 'vitepress';
import { NO_PAGES, pageOf, repository, slugOf } from './pages';
import { copyLinkedFiles, literalCode, repositoryLinks } from './repository-links';
import { sidebar } from './sidebar';

const hasApi = existsSync(join(repository, 'build/site/api/index.md'));

export default defineConfig({
  title: 'secure-esp',
  description:
    'One contract for ESP32 products: safe updates, a broker, certificates, and code that commands the fleet.',
  lang: 'en',
  // Pages are the Markdown of the whole repository, so that nothing is written twice.
  srcDir: '..',
  srcExclude: NO_PAGES,
  rewrites: pageOf,
  cacheDir: join(repository, 'node_modules/.vite/site'),
  cleanUrls: true,
  // Addresses of what the reader runs; and the API reference, which TypeDoc writes before the build, where it did not.
  ignoreDeadLinks: [/^https?:\/\/localhost[:/]/, ...(hasApi ? [] : [/^\/reference\/api\//])],
  markdown: {
    anchor: { slugify: slugOf },
    headers: { level: [2, 3], slugify: slugOf },
    toc: { slugify: slugOf },
    config: (md) => {
      repositoryLinks(md);
      literalCode(md);
    },
  },
  themeConfig: {
    nav: [
      { text: 'Getting started', link: '/getting-started' },
      { text: 'Updates', link: '/updates' },
      { text: 'Operations', link: '/operations' },
      { text: 'Reference', link: '/reference/protocol' },
    ],
    sidebar,
    outline: [2, 3],
    search: {
      provider: 'local',
      options: {
        // Names of the API are found in its own pages, which would be most of the index.
        _render: (source, env, md) => (env.relativePath.startsWith('reference/api/') ? '' : md.render(source, env)),
      },
    },
  },
  buildEnd: ({ outDir }) => copyLinkedFiles(outDir),
});
