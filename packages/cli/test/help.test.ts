import { describe, expect, test } from 'vitest';
import { EXAMPLES } from '../src/program/examples.js';
import { allCommands, leafCommands } from '../src/program/tree.js';
import { pathOfCommand } from '../src/project/apply-project.js';
import { programForTests } from './command-tree.js';
import { runMain, temporaryFolder } from './run-main.js';

const program = programForTests();
const paths = [...allCommands(program)].map((command) => pathOfCommand(command).join(' '));
const leaves = [...leafCommands(program)].map(([path]) => path).filter((path) => path !== 'complete');

const helpOf = async (path: string): Promise<string> => {
  const { exitCode, stdout, stderr } = await runMain('.', [...path.split(' ').filter(Boolean), '--help']);
  expect([exitCode, stderr]).toEqual([0, '']);
  return stdout;
};

describe('help', () => {
  test.each(['', ...paths])('secure-esp %s --help is as it was', async (path) => {
    expect(await helpOf(path)).toMatchSnapshot();
  });

  test.each(leaves)('of secure-esp %s describes the command and every option of it', (path) => {
    const command = [...leafCommands(program)].find(([each]) => each === path)?.[1];
    expect(command?.description()).toMatch(/\S.*[.)]$/);
    for (const { flags, description } of command?.options ?? []) expect([flags, description]).not.toEqual([flags, '']);
  });
});

/** Words of a command line in the form that a shell would make of it; the examples need no more than quotes. */
const wordsOf = (line: string): readonly string[] =>
  [...line.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(([, double, single, bare]) => double ?? single ?? bare ?? '');

describe('examples in help', () => {
  test.each(leaves)('secure-esp %s has at least one, each a line that the parser takes', async (path) => {
    const help = await helpOf(path);
    const [, ...sections] = help.split(/\nExamples?:\n/);
    expect(sections).toHaveLength(1);
    const lines = (sections[0] ?? '').split('\n').filter((line) => line.startsWith('  secure-esp '));
    expect(lines).not.toEqual([]);
    for (const line of lines) {
      expect(line.trim().startsWith(`secure-esp ${path}`)).toBe(true);
      await accepts(path, wordsOf(line).slice(1));
    }
  });

  test('are for commands that there are', () => {
    for (const path of Object.keys(EXAMPLES)) expect(leaves).toContain(path);
  });
});

/** Parses a command line with the command doing nothing. */
async function accepts(path: string, argv: readonly string[]): Promise<void> {
  const fresh = programForTests(await temporaryFolder());
  let ran = '';
  for (const [name, command] of leafCommands(fresh)) {
    command.action(() => {
      ran = name;
    });
  }
  await fresh.parseAsync([...argv], { from: 'user' });
  expect(ran).toBe(path);
}
