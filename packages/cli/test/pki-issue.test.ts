import { openPki } from '@secure-esp/pki';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { main } from '../src/index.js';
import { runMain, temporaryFolder } from './run-main.js';

async function made(): Promise<string> {
  const dir = await temporaryFolder();
  await runMain(dir, ['pki', 'init', '--device', 'a']);
  return dir;
}

const devices = async (dir: string): Promise<readonly string[]> => (await openPki(join(dir, '.secure-esp'))).devices();

describe('pki issue --count', () => {
  test('makes numbered devices, once', async () => {
    const dir = await made();
    const first = await runMain(dir, ['pki', 'issue', '--count', '3']);
    expect([first.exitCode, first.stderr]).toEqual([0, '']);
    expect(first.stdout).toMatch(/^made 3 pairs in \.secure-esp\/devices in \d+\.\d s; 0 were there\n$/);
    expect(await devices(dir)).toEqual(['a', 'esp-00001', 'esp-00002', 'esp-00003']);
    const again = await runMain(dir, ['pki', 'issue', '--count', '4', '--json']);
    expect(JSON.parse(again.stdout)).toMatchObject({ devices: 4, issued: 1, existing: 3, revoked: [] });
    await runMain(dir, ['pki', 'issue', '--count', '1', '--prefix', 'line-7_']);
    expect(await devices(dir)).toContain('line-7_00001');
  });

  test('tells how far it is on standard error, by lines when that is no terminal', async () => {
    const dir = await made();
    const { stdout, stderr } = await runMain(dir, ['pki', 'issue', '--count', '120', '--json']);
    expect(stderr).toMatch(/^(\d+\/120 devices, \d+ made\n)*120\/120 devices, 120 made\n$/);
    expect(JSON.parse(stdout)).toMatchObject({ issued: 120 });
  });

  test('draws a bar on a terminal', async () => {
    const dir = await made();
    const drawn: string[] = [];
    const stream = (isTTY: boolean, into: string[]): Writable & { isTTY: boolean } =>
      Object.assign(
        new Writable({
          decodeStrings: false,
          write(chunk: string, _encoding, done) {
            into.push(chunk);
            done();
          },
        }),
        { isTTY, columns: 100, cursorTo: () => true, moveCursor: () => true, clearLine: () => true },
      );
    const context = { cwd: dir, stdout: stream(false, []), stderr: stream(true, drawn) };
    const { signal } = new AbortController();
    expect(await main(['pki', 'issue', '--count', '110'], { ...context, signal })).toBe(0);
    expect(drawn.join('')).toMatch(/\[.+\] 110\/110 devices {2}110 made/);
  });

  test('leaves a revoked device alone and says so', async () => {
    const dir = await made();
    await runMain(dir, ['pki', 'issue', '--count', '2']);
    await runMain(dir, ['pki', 'revoke', 'esp-00001']);
    const { exitCode, stdout } = await runMain(dir, ['pki', 'issue', '--count', '3']);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^made 1 pairs .*; 1 were there\nesp-00001 is revoked and was left alone\n$/);
  });
});

describe('pki issue --from', () => {
  test('makes the devices of a file, or of standard input', async () => {
    const dir = await made();
    await writeFile(join(dir, 'ids.txt'), '# hall 7\r\n\r\nesp-a\r\n  esp-b  \r\n');
    const { exitCode, stdout } = await runMain(dir, ['pki', 'issue', '--from', 'ids.txt']);
    expect([exitCode, stdout]).toEqual([0, expect.stringContaining('made 2 pairs')]);
    const quiet = (): Writable =>
      new Writable({
        write: (_chunk, _encoding, done) => {
          done();
        },
      });
    const context = { cwd: dir, stdout: quiet(), stderr: quiet(), signal: new AbortController().signal };
    const code = await main(['pki', 'issue', '--from', '-'], {
      ...context,
      stdin: Readable.from(['esp-', 'c\nesp-d']),
    });
    expect(code).toBe(0);
    expect(await devices(dir)).toEqual(['a', 'esp-a', 'esp-b', 'esp-c', 'esp-d']);
  });

  test.each([
    ['what is no id', 'esp-1\nx/y\n', 'line 2 of "ids.txt" is not a device id: "x/y"'],
    ['what moves the cursor', 'esp-1\n\u001b[2J\n', 'line 2 of "ids.txt" is not a device id: "\\u001b[2J"'],
    ['an id twice', 'esp-1\n\nESP-1\n', 'line 3 of "ids.txt" names "ESP-1" again, after line 1'],
    ['the name of a role', 'esp-1\noperator\n', 'line 2 of "ids.txt"'],
    ['nothing', '# none\n', '"ids.txt" names no device'],
  ])('refuses %s, with its line, and makes nothing', async (_what, text, sentence) => {
    const dir = await made();
    await writeFile(join(dir, 'ids.txt'), text);
    const { exitCode, stdout, stderr } = await runMain(dir, ['pki', 'issue', '--from', 'ids.txt']);
    expect([exitCode, stdout]).toEqual([1, '']);
    expect(stderr).toContain(sentence);
    expect(await devices(dir)).toEqual(['a']);
  });

  test('says that a file is not there', async () => {
    const { exitCode, stderr } = await runMain(await made(), ['pki', 'issue', '--from', 'none.txt']);
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining('"none.txt" cannot be read: no such file')]);
  });
});

test.each([
  [['a', '--count', '3']],
  [['--count', '3', '--from', 'ids.txt']],
  [['--prefix', 'x-', 'a']],
  [['--count', '0']],
  [['--count', '100000']],
])('pki issue %j is wrong usage', async (argv) => {
  const { exitCode, stdout, stderr } = await runMain(await temporaryFolder(), ['pki', 'issue', ...argv]);
  expect([exitCode, stdout]).toEqual([2, '']);
  expect(stderr).not.toBe('');
});
