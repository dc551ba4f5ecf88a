import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { installExample } from './support/example.js';
import { useFixedPorts } from './support/fixed-ports.js';
import { runGuide } from './support/guide.js';
import { runCli, startCli, startProgram, type Program } from './support/program.js';

useFixedPorts();

let dir: string;
beforeAll(async () => {
  dir = await installExample('restart-bot');
}, 300_000);
afterAll(() => rm(dir, { recursive: true, force: true }));

test('the README of examples/restart-bot: every command; then it restarts a virtual device that is silent, once', async () => {
  const stays: Program[] = [];
  onTestFinished(async () => {
    for (const program of stays.reverse()) await program.stop();
  });
  const serve = async (ready: RegExp, ...args: string[]): Promise<Program> => {
    const program = startCli(args, dir);
    stays.push(program);
    await program.waitFor(ready, 20_000);
    return program;
  };
  for (const line of [
    'pki init --device esp-001',
    'image build --project secure_esp --image-version 1.0.0 --out app.bin',
    'image sign app.bin --out signed.bin',
  ])
    expect([line, (await runCli(line.split(' '), dir)).code]).toEqual([line, 0]);
  await serve(/operators on [0-9]+/, 'broker', 'run');
  const device = await serve(/booted and connected/, 'sim', 'esp-001', '--firmware', 'signed.bin', '--no-checks');

  const { commands, running } = await runGuide({
    file: 'examples/restart-bot/README.md',
    dir,
    home: dir,
    ready: [[/^node dist/, /"watching":"mqtts:\/\/localhost:8883","act":false/]],
    says: [[/^npm test/, /# fail 0/]],
  });
  expect([commands, running.size]).toEqual([4, 1]);

  const wrong = startProgram(process.execPath, ['dist/src/main.js', '--per-day', 'often'], { cwd: dir });
  expect([await wrong.ended, wrong.output()]).toEqual([2, '--per-day must be a whole number of at least 1\n']);

  const args = ['dist/src/main.js', '--silent-seconds', '2', '--check-seconds', '1', '--act'];
  const bot = startProgram(process.execPath, args, { cwd: dir });
  stays.push(bot);
  await bot.waitFor(/"device":"esp-001","do":"restart","why":"silent","ok":true/, 30_000);
  await device.waitFor(/booted and connected[^]*booted and connected/, 30_000);
  await bot.waitFor(/"device":"esp-001","do":"wait","why":"silent"/, 30_000);
  expect(await bot.stop('SIGINT')).toBe(0);
  const ledger = JSON.parse(await readFile(join(dir, 'restarts.json'), 'utf8')) as Record<string, number[]>;
  expect(ledger['esp-001']).toHaveLength(1);
}, 180_000);
