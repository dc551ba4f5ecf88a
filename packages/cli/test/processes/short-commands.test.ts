import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { leafCommands } from '../../src/program/tree.js';
import { programForTests } from '../command-tree.js';
import { errorOf, openWorkshop, STACK, type Ended } from './workshop.js';
import { FOR_SHELLS, SHORT_COMMANDS } from './short-commands.js';

let workshop: Awaited<ReturnType<typeof openWorkshop>>;
beforeAll(async () => {
  workshop = await openWorkshop();
}, 120_000);
afterAll(() => workshop.close());

/** A sentence and a next step, and nothing else. */
function expectMistake(ended: Ended, exitCode: number, stderr: RegExp): void {
  expect(ended).toEqual({ exitCode, stdout: '', stderr: expect.stringMatching(stderr) as string });
  expect(ended.stderr).not.toMatch(STACK);
  expect(ended.stderr.trimEnd().split('\n').length).toBeGreaterThan(1);
}

describe.each(Object.entries(SHORT_COMMANDS))('the process of secure-esp %s', (name, row) => {
  const command = name.split(' ');
  const open = () => (row.empty === true ? workshop.emptyRoom() : workshop.room());

  test('ends with 0 and says what was done, also after a Ctrl-C that came at its start', async () => {
    const room = await open();
    const before = await room.files();
    const stopped = await room.run([...command, ...row.words], workshop.ctrlCAtStart);
    expect(stopped).toEqual({ exitCode: 130, stdout: '', stderr: '' });
    expect(await room.files()).toEqual(before);
    const done = await room.run([...command, ...row.words]);
    expect(done).toEqual({ exitCode: 0, stdout: expect.stringMatching(row.stdout) as string, stderr: '' });
    await room.expectNothingLeft();
  });

  test('prints one document with --json', async () => {
    const room = await open();
    const { exitCode, stdout, stderr } = await room.run([...command, ...row.words, '--json']);
    expect([exitCode, stderr]).toEqual([0, '']);
    const document = JSON.parse(stdout) as unknown;
    expect(Array.isArray(document) ? document[0] : document).toMatchObject(row.json);
  });

  test('says what is wrong and what to do, with and without --json, and does nothing', async () => {
    const room = await open();
    const before = await room.files();
    const [text, json] = await Promise.all([
      room.run([...command, ...row.wrong]),
      room.run([...command, ...row.wrong, '--json']),
    ]);
    expectMistake(text, row.exitCode, row.stderr);
    expect([json.exitCode, json.stdout]).toEqual([row.exitCode, '']);
    const { code, message, nextStep } = errorOf(json);
    expect([code === 'usage', message, nextStep]).toEqual([
      row.exitCode === 2,
      expect.stringMatching(/^\S.*/),
      expect.stringMatching(/\S.*\.\)?$/),
    ]);
    expect(await room.files()).toEqual(before);
    await room.expectNothingLeft();
  });
});

test.each(Object.entries(FOR_SHELLS))('the process of secure-esp %s', async (name, row) => {
  const room = await workshop.room();
  const stopped = await room.run([name, ...row.words], workshop.ctrlCAtStart);
  expect([130, 0]).toContain(stopped.exitCode);
  expect(stopped.stderr).toBe('');
  expect(await room.run([name, ...row.words])).toEqual({
    exitCode: 0,
    stdout: expect.stringMatching(row.stdout) as string,
    stderr: '',
  });
  expectMistake(await room.run([name, ...row.wrong]), 2, row.stderr);
});

const leaves = [...leafCommands(programForTests())].map(([path]) => path).filter((path) => !(path in FOR_SHELLS));

test.each(leaves)('secure-esp %s refuses an unknown option with 2, with and without --json', async (path) => {
  const room = await workshop.emptyRoom();
  const [text, json] = await Promise.all([
    room.run([...path.split(' '), '--nonsense']),
    room.run([...path.split(' '), '--nonsense', '--json']),
  ]);
  expectMistake(
    text,
    2,
    /^error: (?:unknown option|required option|missing required) .*\nRun with --help for what it takes\.\n$/,
  );
  expect([json.exitCode, json.stdout, errorOf(json).code]).toEqual([2, '', 'usage']);
});
