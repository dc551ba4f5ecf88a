import { build } from 'esbuild';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

const source = join(import.meta.dirname, '../../src');

/** The program as processes can run it, made of the sources; `remove` it after the tests. */
export async function bundleProgram(): Promise<{ bin: string; remove: () => Promise<void> }> {
  const dir = await mkdtemp(join(tmpdir(), 'secure-esp-bin-'));
  await writeFile(join(dir, 'package.json'), '{"type":"module","version":"0.0.0"}');
  await build({
    entryPoints: { bin: join(source, 'bin.ts'), 'ota-worker': join(source, 'ota/worker-main.ts') },
    outdir: join(dir, 'dist'),
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    conditions: ['@secure-esp/source'],
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

/** Starts it in a process group of its own, as a terminal does; the whole group is gone after the test. */
export function startProgram(bin: string, cwd: string, argv: readonly string[]): Program {
  const child = spawn(process.execPath, [bin, ...argv], { cwd, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  const [out, err]: [string[], string[]] = [[], []];
  child.stdout.setEncoding('utf8').on('data', (text: string) => out.push(text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => err.push(text));
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
