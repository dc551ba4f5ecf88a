import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { describe, expect, test, vi } from 'vitest';
import { main } from '../src/index.js';
import { runMain, temporaryFolder } from './run-main.js';

async function withImage(version = '1.0.0', dir?: string): Promise<string> {
  const folder = dir ?? (await temporaryFolder());
  if (dir === undefined) await runMain(folder, ['pki', 'init']);
  const build = ['image', 'build', '--chip', 'esp32', '--project', 'p', '--image-version', version, '--force'];
  await runMain(folder, [...build, '--out', 'plain.bin']);
  const signed = await runMain(folder, ['image', 'sign', 'plain.bin', '--out', `signed-${version}.bin`]);
  expect(signed.exitCode).toBe(0);
  return folder;
}

const publish = (dir: string, ...args: string[]) => runMain(dir, ['ota', 'publish', ...args]);

/** Runs `ota publish -` with this as standard input. */
async function publishInput(
  dir: string,
  stdin: Readable,
  { signal = new AbortController().signal, isTTY = false }: { signal?: AbortSignal; isTTY?: boolean } = {},
) {
  let text = '';
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      text += chunk.toString();
      done();
    },
  });
  const stderr = Object.assign(sink, { isTTY });
  const exitCode = await main(['ota', 'publish', '-'], { cwd: dir, stdout: sink, stderr, stdin, signal });
  return { exitCode, text };
}

const releasesIn = async (dir: string): Promise<string[]> => {
  const names = await readdir(join(dir, '.secure-esp/firmware'), { recursive: true }).catch(() => []);
  return names.filter((name) => /\.(json|bin|tmp)$/.test(name));
};

describe('ota publish', () => {
  test('releases a file, and says so when it is released already', async () => {
    const dir = await withImage();
    expect(await publish(dir, 'signed-1.0.0.bin')).toEqual({
      exitCode: 0,
      stdout: 'released p 1.0.0 for esp32 as /secure_esp.bin\n',
      stderr: '',
    });
    expect(await publish(dir, 'signed-1.0.0.bin')).toEqual({
      exitCode: 0,
      stdout: 'p 1.0.0 for esp32 is already released as 1 (/secure_esp.bin)\n',
      stderr: '',
    });
  });

  test('refuses what does not fit the slot of the devices', async () => {
    const dir = await withImage();
    const { size } = await stat(join(dir, 'signed-1.0.0.bin'));
    const refused = await publish(dir, 'signed-1.0.0.bin', '--slot-size', String(size - 1));
    expect(refused).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('too_large') as string });
    expect(await releasesIn(dir)).toEqual([]);
    expect((await publish(dir, 'signed-1.0.0.bin', '--slot-size', `0x${size.toString(16)}`)).exitCode).toBe(0);
  });

  test.each(['0', '17M', '0x', '1.5M', '-1', '1G'])('%s is no size of a slot', async (size) => {
    const dir = await temporaryFolder();
    const { exitCode, stderr } = await publish(dir, 'x.bin', `--slot-size=${size}`);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('1920K, 2M or 0x1E0000');
  });

  test('offers a release to some versions only, for as long as is said', async () => {
    const dir = await withImage();
    expect((await publish(dir, 'signed-1.0.0.bin', '--from', '0.8.0', '0.9.0', '--days', '30')).exitCode).toBe(0);
    const { stdout } = await runMain(dir, ['ota', 'list', '--json']);
    const [release] = JSON.parse(stdout) as { from: string[]; expiresAt: number; releasedAt: number }[];
    expect(release?.from).toEqual(['0.8.0', '0.9.0']);
    expect((release?.expiresAt ?? 0) - (release?.releasedAt ?? 0)).toBe(30 * 24 * 60 * 60);
  });

  test('reads standard input', async () => {
    const dir = await withImage();
    const bytes = await readFile(join(dir, 'signed-1.0.0.bin'));
    const { exitCode, text } = await publishInput(dir, Readable.from([bytes.subarray(0, 50), bytes.subarray(50)]));
    expect([exitCode, text]).toEqual([0, 'released p 1.0.0 for esp32 as /secure_esp.bin\n']);
  });

  test('shows on a terminal how much of standard input has come', async () => {
    const dir = await withImage();
    const bytes = await readFile(join(dir, 'signed-1.0.0.bin'));
    const { exitCode, text } = await publishInput(dir, Readable.from([bytes]), { isTTY: true });
    expect(exitCode).toBe(0);
    expect(text).toContain(' KiB read');
    expect(text).toContain('released p 1.0.0');
  });

  test.each([
    ['plain.bin', 'unsigned', 'image sign'],
    ['text.bin', 'not_an_image', 'image info'],
    ['cut.bin', 'truncated', 'upload all of it'],
  ])('refuses %s with a code, one sentence and what to do', async (file, code, hint) => {
    const dir = await withImage();
    await writeFile(join(dir, 'text.bin'), 'hello');
    await writeFile(join(dir, 'cut.bin'), (await readFile(join(dir, 'plain.bin'))).subarray(0, 300));
    const { exitCode, stderr } = await publish(dir, file);
    expect(exitCode).toBe(1);
    expect(stderr.trim().split('\n')).toEqual([
      expect.stringMatching(new RegExp(`^secure-esp: .*\\(${code}\\)$`)),
      expect.stringContaining(hint),
    ]);
    expect(await releasesIn(dir)).toEqual([]);
  });

  test.each([
    ['missing.bin', 'no such file'],
    ['.', 'it is a folder'],
  ])('says why %s cannot be read', async (file, reason) => {
    const dir = await withImage();
    const { exitCode, stderr } = await publish(dir, file);
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining(`image "${file}" cannot be read: ${reason}`)]);
  });

  test('releases a lower version only when told by an ugly name, with a warning', async () => {
    const dir = await withImage('1.1.0');
    await withImage('1.0.0', dir);
    await publish(dir, 'signed-1.1.0.bin');
    expect(await publish(dir, 'signed-1.0.0.bin')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('(lower_version)') as string,
    });
    const emitted = vi.spyOn(process, 'emitWarning').mockReturnValue();
    const { exitCode, stderr } = await publish(dir, 'signed-1.0.0.bin', '--dangerously-allow-same-or-lower-version');
    expect(emitted).toHaveBeenCalledWith(expect.stringContaining('1.1.0'), {
      type: 'OtaSecurityWarning',
      code: 'OTA_VERSION_OVERRIDE',
    });
    emitted.mockRestore();
    expect([exitCode, stderr]).toEqual([0, expect.stringMatching(/^secure-esp: warning: .*devices refuse it/)]);
  });

  test('leaves nothing after Ctrl-C', async () => {
    const dir = await withImage();
    const control = new AbortController();
    const bytes = await readFile(join(dir, 'signed-1.0.0.bin'));
    const stdin = new Readable({ read: () => undefined });
    stdin.push(bytes.subarray(0, 400));
    const running = publishInput(dir, stdin, { signal: control.signal });
    await vi.waitUntil(() => stdin.readableLength === 0, { timeout: 10_000 });
    control.abort(new Error('stopped by SIGINT'));
    expect((await running).exitCode).toBe(1);
    expect(stdin.destroyed).toBe(true);
    expect(await releasesIn(dir)).toEqual([]);
  });
});
