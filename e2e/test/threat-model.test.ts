import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const page = readFileSync(join(root, 'docs/threat-model.md'), 'utf8');

interface Attack {
  readonly name: string;
  readonly part: string;
  readonly verdict: string;
  readonly text: string;
  /** `path#name`, as the page has them. */
  readonly tests: readonly string[];
}

const attacksOf = (markdown: string): Attack[] =>
  markdown.split(/^## /m).flatMap((part) =>
    part
      .split(/^### /m)
      .slice(1)
      .map((text) => ({
        name: text.split('\n')[0] ?? '',
        part: part.split('\n')[0] ?? '',
        verdict: /^\*\*(.*?)\.\*\*/m.exec(text)?.[1] ?? '',
        text,
        tests: [...text.matchAll(/^ {2}- `(.*)`$/gm)].map(([, link = '']) => link),
      })),
  );

const attacks = attacksOf(page);

/** Every string of a source file with what stands around it. */
const stringsOf = (source: string): { text: string; before: string; after: string }[] =>
  [...source.matchAll(/'((?:\\.|[^'\\\n])*)'|"((?:\\.|[^"\\\n])*)"|`((?:\\.|[^`\\])*)`/g)].map((match) => ({
    text: (match[1] ?? match[2] ?? match[3] ?? '').replaceAll(/\\(.)/g, '$1'),
    before: source.slice(0, match.index).trimEnd(),
    after: source.slice(match.index + match[0].length).trimStart(),
  }));

/** A test's title outside of comments, or the first cell or `name` of a row of a table of tests. */
const isTestOf = (source: string, name: string): boolean =>
  stringsOf(source.replaceAll(/^\s*(\/\/|\*|\/\*).*/gm, '')).some(({ text, before, after }) => {
    if (text !== name || !after.startsWith(',')) return false;
    const title =
      before.endsWith('(') && !/\b(skip|todo|fails)\($/.test(before) && /^,\s*(async\b|\(|\{|function\b)/.test(after);
    return title || before.endsWith('[') || before.endsWith('name:');
  });

const has = (path: string, name: string): boolean => {
  const source = readFileSync(join(root, path), 'utf8');
  return path.endsWith('.c') ? new RegExp(`\\bTEST\\(${name}\\);`).test(source) : isTestOf(source, name);
};

const split = (link: string): [path: string, name: string] => {
  const at = link.indexOf('#');
  return [link.slice(0, at), link.slice(at + 1)];
};

describe('the threat model', () => {
  it('answers each attack of TUF’s list', () => {
    expect(attacks.filter(({ part }) => part === 'The attacks of TUF').map(({ name }) => name)).toEqual([
      'Arbitrary installation',
      'Endless data',
      'Slow retrieval',
      'Extraneous dependencies',
      'Fast-forward',
      'Indefinite freeze',
      'Malicious mirrors preventing updates',
      'Mix-and-match',
      'Rollback',
      'Wrong software',
      'Key compromise',
    ]);
  });

  it('has a verdict of every attack, and the same in its overview', () => {
    const rows = [...page.matchAll(/^\| \[(.*?)\]\(#(.*?)\) *\| (.*?) *\|$/gm)];
    expect(rows.map(([, name, , verdict]) => [name, verdict])).toEqual(
      attacks.map(({ name, verdict }) => [name, verdict]),
    );
    for (const [, name = '', anchor] of rows) {
      expect(anchor).toBe(
        name
          .toLowerCase()
          .replaceAll(/[^a-z0-9 -]/g, '')
          .replaceAll(' ', '-'),
      );
    }
    for (const { verdict, name } of attacks) expect(['Defeated', 'Limited', 'Not defeated'], name).toContain(verdict);
  });

  it.each(attacks)('$name: says what defeats it and what remains, and shows it', ({ text, verdict, tests }) => {
    expect(text).toMatch(/^- \*\*Defeated by\*\*: \S/m);
    expect(text).toMatch(/^- \*\*Remains\*\*: \S/m);
    if (verdict !== 'Not defeated') expect(tests.length).toBeGreaterThan(0);
    expect(tests.length).toBe(text.split('\n').filter((line) => line.startsWith('  - ')).length);
    expect(new Set(tests).size).toBe(tests.length);
  });

  it.each([...new Set(attacks.flatMap(({ tests }) => tests))])('there is a test %s', (link) => {
    const [path, name] = split(link);
    expect(existsSync(join(root, path)), `${path} does not exist`).toBe(true);
    expect(has(path, name), `${path} has no test "${name}"`).toBe(true);
  });

  it('is not satisfied by a title in a comment, in prose or in part', () => {
    const source = `
      // it('in a comment', () => {});
      expect(1, 'a message').toBe(1);
      it('a title', () => { say('prose') });
      it.skip('a skipped one', () => {});
      it.each([['a row', 1], ['it\\'s quoted', 2]])('%s', (name) => { check(name, 'an argument'); });
      const scenarios = [{ name: "another's row", run }];`;
    for (const name of ['a title', 'a row', "it's quoted", '%s', "another's row"]) {
      expect(isTestOf(source, name), name).toBe(true);
    }
    for (const name of ['title', 'a message', 'prose', 'an argument', 'in a comment', 'a skipped one']) {
      expect(isTestOf(source, name), name).toBe(false);
    }
  });
});
