import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { onTestFinished } from 'vitest';
import { main } from '../src/index.js';

/** An empty folder that is gone after the test. */
export async function temporaryFolder(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'secure-esp-cli-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

/** Runs one command line in this process. */
export async function runMain(
  cwd: string,
  argv: readonly string[],
  signal: AbortSignal = new AbortController().signal,
): Promise<{ exitCode: number; stdout: string; stderr: string }> {
  const out: string[] = [];
  const err: string[] = [];
  const into = (lines: string[]): Writable =>
    new Writable({
      decodeStrings: false,
      write(chunk: string, _encoding, done) {
        lines.push(chunk);
        done();
      },
    });
  const exitCode = await main(argv, { cwd, stdout: into(out), stderr: into(err), signal });
  return { exitCode, stdout: out.join(''), stderr: err.join('') };
}
