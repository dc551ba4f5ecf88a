import { createServer } from 'node:net';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { hasTools, temporaryFolder } from './support/environment.js';
import { runCli, runProgram, startCli } from './support/program.js';
import { useFixedPorts } from './support/fixed-ports.js';

useFixedPorts();

const confirmed = (output: string): number => output.match(/1\.0\.0 -> 1\.1\.0, confirmed/g)?.length ?? 0;

describe('secure-esp demo', () => {
  test('updates three devices over mutual TLS and ends with exit code 0 after --once; a second run reuses the PKI', async () => {
    const dir = await temporaryFolder();
    const first = await runCli(['demo', '--once'], dir);
    expect(first.output).toMatch(/3 device\(s\) confirmed 1\.1\.0/);
    expect(confirmed(first.output)).toBe(3);
    expect(first.code).toBe(0);

    const key = await readFile(join(dir, '.secure-esp/ca/keys/ca.key'), 'utf8');
    const second = await runCli(['demo', '--once'], dir);
    expect(second.output).toMatch(/PKI +reused/);
    expect(confirmed(second.output)).toBe(3);
    expect(second.code).toBe(0);
    expect(await readFile(join(dir, '.secure-esp/ca/keys/ca.key'), 'utf8')).toBe(key);
  });

  test('takes the next port where one is taken, and says so', async () => {
    const dir = await temporaryFolder();
    const blocker = createServer();
    await new Promise<void>((resolve) =>
      blocker
        .once('error', () => {
          resolve();
        })
        .listen(8070, '127.0.0.1', resolve),
    );
    onTestFinished(() => {
      blocker.close();
    });
    const { output, code } = await runCli(['demo', '--once', '--devices', '1'], dir);
    expect(output).toMatch(/8070 is taken: the update server is on 80[0-9]{2}/);
    expect(confirmed(output)).toBe(1);
    expect(code).toBe(0);
  });

  test('stops everything at Ctrl-C in the middle of an update, without a stack trace, and runs again', async () => {
    const dir = await temporaryFolder();
    const demo = startCli(['demo'], dir);
    await demo.waitFor(/downloading/);
    expect(await demo.stop('SIGINT')).toBe(130);
    expect(demo.output()).not.toMatch(/\n\s+at /);
    expect((await readdir(join(dir, '.secure-esp'))).filter((name) => name.startsWith('demo'))).toEqual([]);
    const again = await runCli(['demo', '--once', '--devices', '1'], dir);
    expect(again.code).toBe(0);
  });

  test('runs twice at the same time on one PKI, each with its own ports and devices', async () => {
    const dir = await temporaryFolder();
    const first = startCli(['demo'], dir);
    await first.waitFor(/downloading/);
    const second = await runCli(['demo', '--once', '--devices', '1'], dir);
    expect(second.output).toMatch(/is taken: the operators’ listener is on/);
    expect([confirmed(second.output), second.code]).toEqual([1, 0]);
    await first.waitFor(/3 device\(s\) confirmed/);
    expect(await first.stop('SIGINT')).toBe(130);
  });

  test.skipIf(!hasTools('mosquitto_pub', 'mosquitto_sub', 'curl'))(
    'prints commands that work as they are pasted',
    async () => {
      const dir = await temporaryFolder();
      const demo = startCli(['demo'], dir);
      onTestFinished(async () => {
        await demo.stop();
      });
      await demo.waitFor(/Ctrl-C stops everything/);
      const [, pasted = ''] = demo.output().split('Try in another terminal:');
      const commands = pasted
        .split('\n')
        .map((line) => line.trim())
        .filter((line) => /^(?:npx|mosquitto_|curl)/.test(line));
      expect(commands.length).toBeGreaterThanOrEqual(6);
      for (const command of commands) {
        // What streams until Ctrl-C gets a time limit; coreutils' timeout then says 124.
        const streaming = /mosquitto_sub|device watch/.test(command);
        const line = command.replace(
          /^npx secure-esp/,
          `${process.execPath} ${join(import.meta.dirname, '../../packages/cli/bin/secure-esp.js')}`,
        );
        const { code, output } = await runProgram('sh', ['-c', streaming ? `timeout -s INT 3 ${line}` : line], {
          cwd: dir,
        });
        expect([command, output, streaming ? [0, 27, 124, 130].includes(code) : code === 0]).toEqual([
          command,
          output,
          true,
        ]);
      }
      expect((await readFile(join(dir, 'secure_esp.bin')))[0]).toBe(0xe9);
      expect(await demo.stop('SIGINT')).toBe(130);
    },
  );

  test('is refused with one sentence, a next step and no stack trace on wrong input', async () => {
    const dir = await temporaryFolder();
    for (const args of [
      ['demo', '--broker', 'nonsense'],
      ['demo', '--devices', '0'],
      ['demo', '--image', 'absent.bin'],
      ['nonsense'],
      ['device', 'send', 'esp-001', 'update/interval', '299'],
      ['device', 'status'],
      ['image', 'verify', 'absent.bin'],
      ['ota', 'serve', '--dir', 'absent'],
    ]) {
      const { code, output } = await runCli(args, dir);
      expect([args, code]).not.toEqual([args, 0]);
      expect(output).not.toMatch(/\n\s+at /);
      expect(output.trim().length).toBeGreaterThan(20);
    }
  });
});
