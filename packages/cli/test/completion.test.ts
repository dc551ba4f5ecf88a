import { spawnSync } from 'node:child_process';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { bundleProgram } from './ota/real-program.js';
import { runMain, temporaryFolder } from './run-main.js';

const skip = spawnSync('bash', ['--version']).status !== 0 && process.env['CI'] === undefined;

/** What would be offered for the last word. */
async function offered(words: readonly string[], cwd = '.'): Promise<{ values: readonly string[]; files: string }> {
  const { exitCode, stdout } = await runMain(cwd, ['complete', '--', ...words]);
  expect(exitCode).toBe(0);
  const lines = stdout.trimEnd().split('\n');
  const values = lines.slice(0, -1).map((line) => line.split('\t')[0] ?? '');
  return { values, files: lines.at(-1) ?? '' };
}

describe('completion', () => {
  test.each([
    [['pki', 'rev'], ['revoke']],
    [['br'], ['broker']],
    [
      ['broker', ''],
      ['run', 'config', 'help'],
    ],
    [['--verbose', 'broker', 'r'], ['run']],
    [
      ['broker', 'run', '--kind', ''],
      ['embedded', 'mosquitto'],
    ],
    [['broker', 'run', '--kind=m'], ['mosquitto']],
    [['broker', 'run', '--kind', '=', 'm'], ['mosquitto']],
    [['broker', 'run', '--host', 'localhost', '--k'], ['--kind']],
    [['broker', 'run', '--kind', 'embedded', '--k'], []],
    [['pki', 'init', '--device', 'a', '--dev'], ['--device']],
    [['pki', 'list', '--verb'], ['--verbose']],
    [['pki', 'rollover', 'd'], ['device-ca']],
    [
      ['completion', ''],
      ['bash', 'zsh', 'fish'],
    ],
    [['nonsense', ''], expect.arrayContaining(['demo', 'pki']) as string[]],
    [['compl'], ['completion']],
    [['ota', 'serve', '--port', ''], []],
  ])('%j may become %j', async (words, values) => {
    expect(await offered(words)).toEqual({ values, files: ':none' });
  });

  test.each([
    [['image', 'info', ''], ':files'],
    [['image', 'sign', 'a.bin', '--key', ''], ':files'],
    [['pki', 'list', '--dir', ''], ':folders'],
    [['pki', 'adopt', ''], ':folders'],
    [['codegen', 'check-compat', 'a', ''], ':files'],
    [['codegen', 'check-compat', 'a', 'b', ''], ':none'],
  ])('%j is left to the shell: %s', async (words, files) => {
    expect(await offered(words)).toEqual({ values: [], files });
  });

  test('knows the devices of the tree, here or in a folder above, or of --dir', async () => {
    const dir = await temporaryFolder();
    await mkdir(join(dir, '.secure-esp/devices/esp-001'), { recursive: true });
    await mkdir(join(dir, '.secure-esp/ca'));
    await mkdir(join(dir, 'other/devices/esp-002'), { recursive: true });
    const none = ':none';
    expect(await offered(['device', 'forget', ''], dir)).toEqual({ values: ['esp-001'], files: none });
    expect(await offered(['device', 'update', 'x', 'esp'], join(dir, 'other'))).toEqual({
      values: ['esp-001'],
      files: none,
    });
    expect(await offered(['pki', 'show', '--dir', 'other', ''], dir)).toEqual({ values: ['esp-002'], files: none });
    expect(await offered(['pki', 'show', 'x'], dir)).toEqual({ values: [], files: none });
    vi.stubEnv('HOME', dir);
    onTestFinished(() => {
      vi.unstubAllEnvs();
    });
    expect(await offered(['pki', 'show', '--dir', '~/other', ''])).toEqual({ values: ['esp-002'], files: none });
  });

  test('of a shell that is not known is refused with the ones that are', async () => {
    const { exitCode, stderr } = await runMain('.', ['completion', 'tcsh']);
    expect([exitCode, stderr]).toEqual([2, expect.stringMatching(/bash, zsh, fish/)]);
  });
});

// In whole shells: completion-shells.test.ts
describe('the script', () => {
  let bin = '';
  let remove = (): Promise<void> => Promise.resolve();
  beforeAll(async () => {
    ({ bin, remove } = await bundleProgram());
  });
  afterAll(() => remove());

  /** A folder for PATH with the program in it. */
  async function installed(): Promise<string> {
    const dir = await temporaryFolder();
    const program = join(dir, 'secure-esp');
    await writeFile(program, `#!/bin/sh\nexec "${process.execPath}" "${bin}" "$@"\n`);
    await chmod(program, 0o755);
    return dir;
  }

  const run = (shell: string, argv: readonly string[], cwd: string) => {
    const env = { ...process.env, PATH: `${cwd}:${process.env['PATH'] ?? ''}` };
    return spawnSync(shell, argv, { cwd, env, encoding: 'utf8' });
  };

  const title = 'completes in a bash that has no compopt, as the one of macOS';
  test.skipIf(skip)(skip ? `${title} (without bash)` : title, async () => {
    const cwd = await installed();
    await writeFile(join(cwd, 'app one.bin'), '');
    await writeFile(join(cwd, 'app-two.bin'), '');
    const offers = (...words: readonly string[]): readonly string[] => {
      const list = words.map((word) => `'${word}'`).join(' ');
      const script = `source <(secure-esp completion bash); COMP_WORDS=(${list}); COMP_CWORD=${words.length - 1}
        complete -p secure-esp >&2; _secure_esp; printf '%s\\n' "\${COMPREPLY[@]}"`;
      const { status, stdout, stderr } = run('bash', ['--norc', '--noprofile', '-c', script], cwd);
      expect([status, stderr]).toEqual([0, 'complete -F _secure_esp secure-esp\n']);
      return stdout.split('\n').filter((line) => line !== '');
    };
    expect(offers('secure-esp', 'pki', 'rev')).toEqual(['revoke']);
    expect(offers('secure-esp', 'broker', 'run', '--kind', '')).toEqual(['embedded', 'mosquitto']);
    expect(offers('secure-esp', 'broker', 'run', '--kind', '=')).toEqual(['embedded', 'mosquitto']);
    expect(offers('secure-esp', 'image', 'info', 'app').toSorted()).toEqual(['app one.bin', 'app-two.bin']);
    expect(offers('secure-esp', 'image', 'info', 'none')).toEqual([]);
  });
});
