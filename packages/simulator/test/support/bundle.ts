import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const conditions = ['@secure-esp/source', 'node', 'import', 'default'];
const packageRoot = fileURLToPath(new URL('../../', import.meta.url));

const bundle = async (name: string, entry: string, outDir: string, source?: string): Promise<string> => {
  await build({
    configFile: false,
    logLevel: 'silent',
    resolve: { conditions },
    ssr: { noExternal: true, resolve: { conditions } },
    build: {
      ssr: entry,
      outDir,
      emptyOutDir: false,
      target: 'node20',
      rolldownOptions: { output: { entryFileNames: `${name}.mjs` } },
    },
    plugins:
      source === undefined
        ? []
        : [
            {
              name: 'source-text',
              enforce: 'pre',
              resolveId: (id) => (id === entry ? id : undefined),
              load: (id) => (id === entry ? source : undefined),
            },
          ],
  });
  return join(outDir, `${name}.mjs`);
};

/** Bundles a program of this folder so that a plain Node process can run it. */
export const bundleProgram = (name: string, outDir: string): Promise<string> =>
  bundle(name, fileURLToPath(new URL(`./${name}.ts`, import.meta.url)), outDir);

/** Bundles a program given as TypeScript text, as if it lay in this package. */
export const bundleSource = (name: string, source: string, outDir: string): Promise<string> =>
  bundle(name, join(packageRoot, `${name}.ts`), outDir, source);
