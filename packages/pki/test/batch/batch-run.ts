import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { compilePackage } from '../support/child-run.js';

/**
 * A batch in a process whose file system calls are counted: before the one with number `stopAt` the process is killed, or
 * the call fails. Prints the calls that were made.
 */
const RUN = `
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
const { dir, ids, stopAt, how } = JSON.parse(process.argv[2]);
const calls = [];
const names = new Map();
let counting = false;
let count = 0;
const step = (name, path) => {
  if (!counting || path.includes('.pki.lock')) return;
  // that a temporary file stays is no harm
  if (how === 'fail' && name === 'unlinkSync') return;
  calls.push([name, path.replace(dir, '')]);
  count += 1;
  if (count !== stopAt) return;
  if (how === 'kill') process.kill(process.pid, 'SIGKILL');
  throw Object.assign(new Error('injected'), { code: 'ENOSPC' });
};
const patch = (name, path, after = () => undefined) => {
  const original = fs[name];
  fs[name] = (...args) => {
    step(name, path(...args));
    const result = original(...args);
    after(result, ...args);
    return result;
  };
};
patch('openSync', (path) => path, (fd, path) => names.set(fd, path));
patch('writeSync', (fd) => names.get(fd));
patch('mkdirSync', (path) => path);
patch('linkSync', (_from, to) => to);
patch('unlinkSync', (path) => path);
patch('renameSync', (_from, to) => to);
const { fsync } = fs;
fs.fsync = (fd, done) => {
  try {
    step('fsync', names.get(fd));
  } catch (error) {
    return void process.nextTick(done, error);
  }
  fsync(fd, (error) => {
    if (counting) calls.push(['synced', names.get(fd).replace(dir, '')]);
    done(error);
  });
};
syncBuiltinESMExports();
const { openPki } = await import('./src/index.js');
const tree = await openPki(dir);
counting = true;
try {
  await tree.issueDevices(ids);
  console.log(JSON.stringify({ calls }));
} catch (error) {
  console.log(JSON.stringify({ calls, code: error.code }));
}
`;

export interface BatchRun {
  readonly killed: boolean;
  readonly calls: readonly (readonly [call: string, path: string])[];
  readonly code?: string;
}

export async function compileBatch(): Promise<string> {
  const compiled = await compilePackage();
  await writeFile(join(compiled, 'batch.js'), RUN);
  return compiled;
}

export async function batchRun(
  compiled: string,
  options: { dir: string; ids: readonly string[]; stopAt?: number; how?: 'kill' | 'fail' },
): Promise<BatchRun> {
  const child = spawn(process.execPath, [join(compiled, 'batch.js'), JSON.stringify(options)]);
  let output = '';
  child.stdout.on('data', (text: Buffer) => (output += text.toString()));
  child.stderr.on('data', (text: Buffer) => (output += text.toString()));
  const signal = await new Promise<NodeJS.Signals | null>((resolve) => {
    child.on('close', (_status, by) => {
      resolve(by);
    });
  });
  if (signal !== null) return { killed: true, calls: [] };
  return { killed: false, ...(JSON.parse(output) as Omit<BatchRun, 'killed'>) };
}
