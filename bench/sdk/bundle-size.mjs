// What the SDK adds to a page, in bytes of gzip.
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const ROOT = join(import.meta.dirname, '../..');
const PAGE = "export { connect, isCommandError, isUpdateError } from '@secure-esp/device-client';";
/** What a page has anyway, or what is as large as it is. */
const OTHERS = ['mqtt', 'zod'];

async function gzipBytes(external) {
  const { outputFiles } = await build({
    stdin: { contents: PAGE, resolveDir: join(ROOT, 'e2e') },
    ...{ absWorkingDir: ROOT, write: false, logLevel: 'silent', external },
    ...{ bundle: true, minify: true, format: 'esm', platform: 'browser', target: 'es2022' },
  });
  return gzipSync(outputFiles[0].contents, { level: 9 }).length;
}

/** { sdk, withContract } */
export const bundleSizes = async () => ({
  sdk: await gzipBytes([...OTHERS, '@secure-esp/protocol']),
  withContract: await gzipBytes(OTHERS),
});
