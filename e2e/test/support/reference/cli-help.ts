import { Writable } from 'node:stream';
import { main } from 'secure-esp';
import { expect } from 'vitest';

/** What `--help` of one command prints on a wide pipe. */
async function helpOf(path: readonly string[]): Promise<string> {
  let text = '';
  const stdout = new Writable({
    write(chunk: Buffer, _encoding, done) {
      text += chunk.toString();
      done();
    },
  });
  const { signal } = new AbortController();
  const code = await main([...path, '--help'], { cwd: '/', stdout, stderr: stdout, env: {}, signal });
  expect([path, code]).toEqual([path, 0]);
  return text.trim();
}

/** The commands that a help text lists. */
const childrenIn = (help: string): readonly string[] => {
  const section = /^Commands:\n((?: {2}.*\n?)+)/m.exec(help)?.[1] ?? '';
  return [...section.matchAll(/^ {2}([a-z][a-z0-9-]*)/gm)].flatMap(([, name = '']) => (name === 'help' ? [] : name));
};

/** Every command with its help text, as sections of a page: found as a user finds them, by asking. */
export async function cliSections(path: readonly string[] = []): Promise<string> {
  const help = await helpOf(path);
  const own = path.length === 0 ? '' : `${'#'.repeat(path.length + 1)} ${path.join(' ')}\n\n`;
  const sections = [`${own}\`\`\`text\n${help}\n\`\`\``];
  for (const name of childrenIn(help)) sections.push(await cliSections([...path, name]));
  return sections.join('\n\n');
}
