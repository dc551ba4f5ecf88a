import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { workspaceRoot } from './environment.js';
import { BIN, runCli, runProgram, startCli, startProgram, type Program } from './program.js';

type Said = readonly (readonly [command: RegExp, output: RegExp])[];

export interface Guide {
  /** Markdown, from the root of the workspace. Every line of its `sh` blocks is a command. */
  readonly file: string;
  /** Where the commands run. */
  readonly dir: string;
  /** What `~` stands for. */
  readonly home: string;
  /** Commands that run until Ctrl-C, and what they print once they do their work. */
  readonly ready: Said;
  /** What a reader looks for in the answers. */
  readonly says: Said;
}

interface Command {
  readonly section: string;
  readonly line: string;
}

/** The commands of a guide in their order, each with the heading it stands under. */
async function commandsOf(file: string): Promise<Command[]> {
  const text = await readFile(join(workspaceRoot, file), 'utf8');
  return text.split(/^(?=##)/m).flatMap((part) => {
    const section = /^#+ (.*)$/m.exec(part)?.[1] ?? '';
    const blocks = [...part.matchAll(/^```sh\n([^`]*)^```$/gm)];
    return blocks.flatMap(([, block = '']) => block.trim().split('\n')).map((line) => ({ section, line }));
  });
}

/**
 * Runs every command of a guide, in its order. Each must end with exit code 0, or be one that stays; those are stopped when
 * the test is finished. Resolves with them, and with how many commands there were.
 */
export async function runGuide(guide: Guide): Promise<{ commands: number; running: ReadonlyMap<string, Program> }> {
  const { dir } = guide;
  const running = new Map<string, Program>();
  onTestFinished(async () => {
    for (const program of [...running.values()].reverse()) await program.stop();
  });
  const commands = await commandsOf(guide.file);
  for (const { section, line } of commands) {
    const own = line.replaceAll('~/', `${guide.home}/`);
    const args = /^npx secure-esp ([^|>$]+)$/.exec(own)?.[1]?.split(' ');
    // in a pipe, npx shall find the workspace's own
    const shell = own.replaceAll('npx secure-esp', `node ${BIN}`);
    const ready = guide.ready.find(([command]) => command.test(line))?.[1];
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
    const says = guide.says.find(([command]) => command.test(line))?.[1];
    if (says !== undefined) expect(output).toMatch(says);
  }
  return { commands: commands.length, running };
}
