// What every step of the firmware tests shares: paths, flags, and programs that are run, counted and reported.
import { spawn, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const testFolder = join(dirname(fileURLToPath(import.meta.url)), '..');
export const coreFolder = join(testFolder, '../components/secure_esp_core');

export const WARNINGS = ['-std=c11', '-Wall', '-Wextra', '-Werror', '-Wconversion', '-Wshadow', '-pedantic'];
export const SANITIZERS = ['-g', '-fsanitize=address,undefined', '-fno-sanitize-recover=all'];
export const INCLUDES = ['include', 'generated', 'private'].map((name) => `-I${join(coreFolder, name)}`);
export const SUPPORT_INCLUDE = `-I${join(testFolder, 'support')}`;
/** No function of the core may need a larger stack frame, on any instruction set. */
export const STACK_LIMIT_BYTES = 1024;
const RUN_LIMIT_MS = 600_000;

/** The C files of a folder whose name matches, in order. */
export const filesOf = (folder, matching = /\.c$/) =>
  readdirSync(folder)
    .filter((name) => matching.test(name))
    .sort()
    .map((name) => join(folder, name));

export const unitFiles = () => filesOf(join(testFolder, 'unit'));
export const supportFiles = () => filesOf(join(testFolder, 'support'));
export const generatedSource = join(coreFolder, 'generated/secure_esp_protocol.c');

/** The sources of the core, as sources.cmake lists them; a file that it does not list is an error. */
export function coreSources() {
  const text = readFileSync(join(coreFolder, 'sources.cmake'), 'utf8');
  const list = /set\(SECURE_ESP_CORE_SOURCES\s([^)]*)\)/.exec(text)?.[1] ?? '';
  const sources = list.trim().split(/\s+/);
  const onDisk = ['src', 'generated'].flatMap((folder) => filesOf(join(coreFolder, folder)));
  if (sources.length !== onDisk.length) throw new Error('sources.cmake does not list every source file');
  return sources.map((source) => join(coreFolder, source));
}

/** Runs `work` on every item, as many at a time as there are processors. */
export async function inParallel(items, work) {
  const results = new Array(items.length);
  let next = 0;
  const lane = async () => {
    while (next < items.length) {
      const at = next++;
      results[at] = await work(items[at]);
    }
  };
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), items.length) }, lane));
  return results;
}

/** Collects what failed and what could not be tried. */
export class Report {
  failures = new Set();
  skipped = new Set();
  interrupted = false;
  #children = new Set();

  /** Runs a program to its end; never rejects. The output is cut at 16 MB. */
  exec(program, args, { timeoutMs = RUN_LIMIT_MS, cwd = testFolder, env = {} } = {}) {
    return new Promise((resolve) => {
      const child = spawn(program, args, {
        cwd,
        env: { ...process.env, ...env },
        stdio: ['ignore', 'pipe', 'pipe'],
        timeout: timeoutMs,
        killSignal: 'SIGKILL',
      });
      const output = { stdout: '', stderr: '' };
      for (const stream of ['stdout', 'stderr']) {
        child[stream].setEncoding('utf8').on('data', (text) => {
          if (output[stream].length < 1 << 24) output[stream] += text;
        });
      }
      this.#children.add(child);
      const end = (code, error) => {
        this.#children.delete(child);
        resolve({ good: code === 0, code, ...output, error });
      };
      child.on('error', (error) => end(null, error.message));
      child.on('close', (code, signal) => end(code, signal === null ? '' : `ended by ${signal}`));
    });
  }

  /** One named check. The program's output is shown when it fails; `show` makes a line of it when it does not. */
  async run(name, program, args, { show, ...options } = {}) {
    if (this.interrupted) return { good: false, stdout: '', stderr: '' };
    const result = await this.exec(program, args, options);
    if (result.good) this.ok(name, show?.(result));
    else if (!this.interrupted) this.fail(name, [result.stdout, result.stderr, result.error].join('\n').trim());
    return result;
  }

  ok(name, detail) {
    console.log(`ok    ${name}${detail === undefined ? '' : `: ${detail.trim()}`}`);
  }

  fail(name, detail = '') {
    this.failures.add(name);
    console.log(`FAIL  ${name}${detail === '' ? '' : `\n${detail}`}`);
  }

  /** Those of the programs that this machine has. One that is missing is skipped visibly; with CI set it is a failure. */
  available(names) {
    return names.filter((name) => {
      if (spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0) return true;
      (process.env.CI === undefined ? this.skipped : this.failures).add(`${name} is not installed`);
      return false;
    });
  }

  /** True if all of the programs are there. */
  has(...names) {
    return this.available(names).length === names.length;
  }

  /** Ends what is running; nothing new is started. */
  interrupt() {
    this.interrupted = true;
    for (const child of this.#children) child.kill('SIGINT');
  }
}
