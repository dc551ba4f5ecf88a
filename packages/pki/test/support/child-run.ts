import { spawn } from 'node:child_process';
import { symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';
import { tempDir } from './temp-dir.js';

const RUN = `
import { initPki } from './src/index.js';
const { killAt, ...options } = JSON.parse(process.argv[2]);
const onProgress = ({ path }) => path === killAt && process.kill(process.pid, 'SIGKILL');
try {
  const { created } = await initPki({ ...options, onProgress });
  console.log(JSON.stringify({ created }));
} catch (error) {
  console.log(JSON.stringify({ code: error.code, message: error.message, cause: error.cause?.code }));
}
`;

/** This package as plain JavaScript in a directory of its own, for tests that must kill a real process. */
export async function compilePackage(): Promise<string> {
  const dir = await tempDir();
  await build({
    entryPoints: [join(import.meta.dirname, '..', '..', 'src', 'index.ts')],
    outfile: join(dir, 'src', 'index.js'),
    bundle: true,
    platform: 'node',
    format: 'esm',
    conditions: ['@secure-esp/source'],
    external: ['node-forge'],
  });
  await writeFile(join(dir, 'package.json'), '{"type":"module"}');
  await writeFile(join(dir, 'run.js'), RUN);
  const forge = dirname(createRequire(import.meta.url).resolve('node-forge/package.json'));
  await symlink(dirname(forge), join(dir, 'node_modules'), 'dir');
  return dir;
}

export interface ChildResult {
  signal: NodeJS.Signals | null;
  created?: string[];
  code?: string;
  message?: string;
  cause?: string;
}

/** Runs `initPki` in a process of its own, which kills itself with SIGKILL before it writes `killAt`. */
export async function childRun(
  compiled: string,
  options: { dir: string; killAt?: string; chips?: string[] },
  shell?: string,
): Promise<ChildResult> {
  const command = [process.execPath, join(compiled, 'run.js'), JSON.stringify(options)];
  const child = shell
    ? spawn('bash', ['-c', `${shell}; exec "$@"`, 'bash', ...command])
    : spawn(command[0] ?? '', command.slice(1));
  let output = '';
  child.stdout.on('data', (text: Buffer) => (output += text.toString()));
  child.stderr.on('data', (text: Buffer) => (output += text.toString()));
  const signal = await new Promise<NodeJS.Signals | null>((resolve) => {
    child.on('close', (_status, by) => {
      resolve(by);
    });
  });
  if (signal !== null) return { signal };
  const result = JSON.parse(output) as Omit<ChildResult, 'signal'>;
  return { ...result, signal };
}
