import { build } from 'esbuild';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

const source = join(import.meta.dirname, '../../src');

/** The program as processes can run it, made of the sources; `remove` it after the tests. */
export async function bundleProgram(): Promise<{ bin: string; remove: () => Promise<void> }> {
  const dir = await mkdtemp(join(tmpdir(), 'secure-esp-bin-'));
  await writeFile(join(dir, 'package.json'), '{"type":"module","version":"0.0.0"}');
  await symlink(join(source, '../../../node_modules'), join(dir, 'node_modules'));
  await build({
    entryPoints: { bin: join(source, 'bin.ts'), 'ota-worker': join(source, 'ota/worker-main.ts') },
    outdir: join(dir, 'dist'),
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    conditions: ['@secure-esp/source'],
    // loads files of its own by their names
    external: ['jiti'],
    banner: {
      js: "import { createRequire as forBundled } from 'node:module'; const require = forBundled(import.meta.url);",
    },
    logLevel: 'error',
  });
  return { bin: join(dir, 'dist/bin.js'), remove: () => rm(dir, { recursive: true, force: true }) };
}

/** A program that a test started. */
export interface Program {
  readonly child: ChildProcess;
  stdout(): string;
  stderr(): string;
  /** Exit code, or the signal that ended it, once its output is complete: so when its workers have ended, too. */
  readonly ended: Promise<number | NodeJS.Signals>;
}

export interface StartOptions {
  /** `pipe`: standard input stays open until the test ends it. Default: there is none. */
  readonly stdin?: 'ignore' | 'pipe';
  /** Added to the environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Options of Node.js. */
  readonly node?: readonly string[];
}

/** Starts it in a process group of its own, as a terminal does; the whole group is gone after the test. */
export function startProgram(
  bin: string,
  cwd: string,
  argv: readonly string[],
  { node = [], ...options }: StartOptions = {},
): Program {
  return startCommand(process.execPath, [...node, bin, ...argv], { ...options, cwd });
}

/** The same for any program. */
export function startCommand(
  command: string,
  argv: readonly string[],
  { stdin = 'ignore', env = {}, cwd }: Omit<StartOptions, 'node'> & { readonly cwd: string },
): Program {
  const child = spawn(command, argv, {
    cwd,
    env: { ...process.env, ...env },
    stdio: [stdin, 'pipe', 'pipe'],
    detached: true,
  });
  const [out, err]: [string[], string[]] = [[], []];
  child.stdin?.on('error', () => undefined);
  child.stdout?.setEncoding('utf8').on('data', (text: string) => out.push(text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => err.push(text));
  const ended = once(child, 'close').then(([code, signal]) => (code ?? signal) as number | NodeJS.Signals);
  onTestFinished(async () => {
    signalGroup(child, 'SIGKILL');
    await ended;
  });
  return { child, ended, stdout: () => out.join(''), stderr: () => err.join('') };
}

/** What Ctrl-C in a terminal does: every process of the group gets it. */
export function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(-pid, signal);
  } catch {
    // all of them have ended
    return;
  }
}

/** Whether a process is there. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
