import { readFile, writeFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { buildImage } from '@secure-esp/firmware-image';
import { expect, onTestFinished, test } from 'vitest';
import { temporaryFolder, workspaceRoot } from './support/environment.js';
import { runCli, startCli, type Program } from './support/program.js';
import { useFixedPorts } from './support/fixed-ports.js';

useFixedPorts();

/** The commands of the README’s section, in order, as arguments of `secure-esp`. */
async function commandsOf(heading: string): Promise<string[][]> {
  const readme = await readFile(join(workspaceRoot, 'README.md'), 'utf8');
  const section = readme.split(`## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  return [...section.matchAll(/^npx secure-esp (.+)$/gm)].map(([, line = '']) => line.split(' '));
}

/** What a command that runs until Ctrl-C prints once it does its work. */
const READY: Readonly<Record<string, RegExp>> = {
  'broker run': /operators on [0-9]+/,
  'ota serve': /update server on/,
  sim: /booted and connected/,
  'device watch': /online/,
};

test('the README’s way without the demo: every command, in its order, ends with the device updated', async () => {
  const dir = await temporaryFolder();
  await mkdir(join(dir, 'build'));
  const build = async (version: string): Promise<void> => {
    await writeFile(
      join(dir, 'build/secure_esp.bin'),
      await buildImage({ chip: 'esp32', project: 'secure_esp', version }),
    );
  };
  const running: Program[] = [];
  onTestFinished(async () => {
    for (const program of running.reverse()) await program.stop();
  });
  await build('1.0.0');
  const commands = await commandsOf('Without the demo');
  expect(commands.length).toBeGreaterThanOrEqual(10);
  for (const args of commands) {
    if (args.includes('secure_esp-1.1.0.bin') && args[0] === 'image') await build('1.1.0');
    const ready = READY[args.slice(0, 2).join(' ')] ?? READY[args[0] ?? ''];
    if (ready !== undefined) {
      // The device's own timer must not be faster than the command that is under test.
      const program = startCli(args[0] === 'sim' ? [...args, '--no-checks'] : args, dir);
      running.push(program);
      await program.waitFor(ready, 20_000);
    } else {
      const { code, output } = await runCli(args, dir);
      expect([args, output, code]).toEqual([args, expect.any(String), 0]);
      if (args[1] === 'update') expect(output).toContain('1.0.0 -> 1.1.0, confirmed');
      if (args[1] === 'send') expect(output).toContain('{"ok":true}');
    }
  }
  const watched = running.at(-1)?.output() ?? '';
  expect(watched).toMatch(/update: downloading/);
  expect(watched).toMatch(/settings: .*interval 600 s/);
});
