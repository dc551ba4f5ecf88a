import { mkdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { hasTools, temporaryFolder, workspaceRoot } from './support/environment.js';
import { runCli, runProgram, startCli, startProgram, type Program } from './support/program.js';
import { makeScriptTree } from './support/script-tree.js';

interface Command {
  readonly section: string;
  readonly line: string;
}

/** The commands of docs/pki.md in their order, each with the heading it stands under. */
async function guide(): Promise<Command[]> {
  const text = await readFile(join(workspaceRoot, 'docs/pki.md'), 'utf8');
  return text.split(/^(?=##)/m).flatMap((part) => {
    const section = /^#+ (.*)$/m.exec(part)?.[1] ?? '';
    const blocks = [...part.matchAll(/^```sh\n([^`]*)^```$/gm)];
    return blocks.flatMap(([, block = '']) => block.trim().split('\n')).map((line) => ({ section, line }));
  });
}

/** What a command that runs until Ctrl-C prints once it does its work. */
const READY: readonly (readonly [RegExp, RegExp])[] = [
  [/^npx secure-esp broker serve/, /operators on [0-9]+/],
  [/^npx secure-esp ota serve/, /update server on/],
  [/^npx secure-esp est serve/, /enrolment/i],
  [/^mosquitto_sub/, /Subscribed|SUBACK/],
];

/** What an operator reads in the answers. */
const SAYS: readonly (readonly [RegExp, RegExp])[] = [
  [/--count 25 --prefix lot-7-/, /25/],
  [/rollover status$/, /next: give every device and operator the new ca\.crt/],
  [/est renew --dir esp-007 --url https:\/\/localhost:8443$/, /esp-007/],
  [/revoke esp-002/, /1 revoked|revoked [0-9A-F]+: keyCompromise/],
  [/--state revoked/, /esp-002/],
  [/pki adopt ~\/esp/, /WARNING/],
];

test.skipIf(!hasTools('stdbuf', 'mosquitto', 'mosquitto_sub', 'mosquitto_pub', 'openssl'))(
  'docs/pki.md: every command, in its order, on one tree with its servers running',
  async () => {
    const dir = await temporaryFolder();
    const home = join(dir, 'home');
    await mkdir(home);
    await makeScriptTree(join(home, 'esp/secure_esp'));
    const running = new Map<string, Program>();
    onTestFinished(async () => {
      for (const program of [...running.values()].reverse()) await program.stop();
    });
    const commands = await guide();
    expect(commands.length).toBeGreaterThan(35);

    for (const { section, line } of commands) {
      const shell = line.replaceAll('~/', `${home}/`);
      const args = /^npx secure-esp (.+)$/.exec(shell)?.[1]?.split(' ');
      const ready = READY.find(([command]) => command.test(line))?.[1];
      if (ready !== undefined) {
        const program =
          args === undefined
            ? startProgram('bash', ['-c', `exec stdbuf -oL ${shell}`], { cwd: dir })
            : startCli(args, dir);
        running.set(line, program);
        await program.waitFor(ready, 20_000);
        continue;
      }
      const { code, output } =
        args === undefined ? await runProgram('bash', ['-c', shell], { cwd: dir }) : await runCli(args, dir);
      expect([section, line, output, code]).toEqual([section, line, expect.any(String), 0]);
      const says = SAYS.find(([command]) => command.test(line))?.[1];
      if (says !== undefined) expect(output).toMatch(says);
    }

    const outputOf = (start: string): string =>
      [...running].find(([line]) => line.startsWith(start))?.[1].output() ?? '';
    expect(outputOf('mosquitto_sub')).toMatch(/^3600$/m);
    expect(outputOf('npx secure-esp broker serve')).toContain('revoked_device_disconnected');
    for (const program of running.values()) expect(program.output()).not.toMatch(/_failed/);
    for (const file of ['esp-003.pem', 'alice.crt', 'esp-007/client.crt', '.secure-esp/devices/lot-8-00025/client.crt'])
      expect((await stat(join(dir, file))).isFile()).toBe(true);
  },
  300_000,
);
