import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { build } from 'esbuild';
import { onTestFinished } from 'vitest';

export const examples = join(import.meta.dirname, '../../examples');

/** Starts an example in `dir` and returns the port that it prints. */
export async function startExample(
  name: string,
  dir: string,
  variables: Readonly<Record<string, string>> = {},
): Promise<number> {
  const program = join(dir, 'example.mjs');
  await build({
    entryPoints: [join(examples, `${name}.ts`)],
    outfile: program,
    bundle: true,
    format: 'esm',
    platform: 'node',
    conditions: ['@secure-esp/source'],
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
    logLevel: 'error',
  });
  const env = { ...process.env, ...variables, PORT: '0' };
  const child = spawn(process.execPath, [program], { cwd: dir, env, stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(async () => {
    child.kill();
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  });
  for await (const line of createInterface({ input: child.stdout })) {
    const port = /^updates on https:\/\/localhost:([0-9]+)\/updates\/$/.exec(line)?.[1];
    if (port !== undefined) return Number(port);
  }
  throw new Error(`the example ${name} ended`);
}
