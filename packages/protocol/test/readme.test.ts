import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { generateC, generateFuzzTargets, type GeneratedFile } from '../src/codegen/index.js';
import { PROTOCOL_ERROR_CODES } from '../src/index.js';
import { run, temporaryFolder, testWithTools } from './support/tools.js';

// Watched, not replaced: the tests of the C blocks take the contract from the call of the example.
vi.mock('@secure-esp/protocol/codegen', { spy: true });

const folder = temporaryFolder();
const readme = readFileSync(join(import.meta.dirname, '../README.md'), 'utf8');
const blocksOf = (language: string): string[] =>
  [...readme.matchAll(new RegExp(`\`\`\`${language}\n([^]*?)\`\`\``, 'g'))].map(([, code = '']) => code);

/** What an example prints. */
async function linesOf(example: () => Promise<unknown>): Promise<unknown[][]> {
  const lines: unknown[][] = [];
  const log = vi.spyOn(console, 'log').mockImplementation((...values: unknown[]) => void lines.push(values));
  try {
    await example();
  } finally {
    log.mockRestore();
  }
  return lines;
}

test('lists every error code, and no other', () => {
  const table = readme.slice(readme.indexOf('| `ProtocolError.code`'), readme.indexOf('`isProtocolError(error)`'));
  const codes = [...table.matchAll(/^\| `([a-z_]+)` /gm)].map(([, code]) => code);
  expect(codes).toEqual(PROTOCOL_ERROR_CODES);
});

test('its TypeScript is that of the examples beside this test', () => {
  const files = ['readme-example.ts', 'readme-outputs.ts'];
  expect(blocksOf('ts')).toEqual(files.map((file) => readFileSync(join(import.meta.dirname, file), 'utf8')));
});

test('its first example runs and says what its comments say', async () => {
  const lines = await linesOf(() => import('./readme-example.js'));
  expect(lines[0]).toEqual([
    '/green/devices/house-7/valve/open',
    { leaf: 'valve/open', scope: 'device', device: 'house-7' },
  ]);
  expect(lines[1]).toEqual([{ ok: true, value: 40 }]);
  expect(lines[2]).toMatchObject([{ ok: false, code: 'out_of_range' }]);
  expect(lines.slice(4).map(([path]) => path)).toEqual([
    'greenhouse_topics.h',
    'greenhouse_protocol.h',
    'greenhouse_protocol.c',
  ]);
});

test('its second example makes AsyncAPI, vectors and fuzz targets', async () => {
  const paths = (await linesOf(() => import('./readme-outputs.js'))).map(([path]) => path);
  expect(paths.slice(0, 2)).toEqual(['asyncapi.json', 'vectors/update_url.json']);
  expect(paths).toEqual(expect.arrayContaining(['vectors/topics.json', 'fuzz/secure_esp_status_fuzz.c']));
});

/** Writes the C, and more, of the contract of the first example. */
async function writeGreenhouse(more: typeof generateFuzzTargets): Promise<void> {
  await linesOf(() => import('./readme-example.js'));
  const { generateC: watched } = await import('@secure-esp/protocol/codegen');
  const [protocol, options] = vi.mocked(watched).mock.calls.find(([{ name }]) => name === 'greenhouse') ?? [];
  if (protocol === undefined) throw new Error('the example generates no C');
  const files: readonly GeneratedFile[] = [...generateC(protocol, options), ...more(protocol, options)];
  for (const { path, content } of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
}

testWithTools('its C compiles without a warning, and does what it seems to do', ['gcc'], async () => {
  await writeGreenhouse(() => []);
  const [block = ''] = blocksOf('c');
  const program = `
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
static void valve_set(uint8_t percent) { printf("valve %u\\n", (unsigned)percent); }
static void publish(const char *topic, const char *text, size_t len, unsigned qos, unsigned retain)
{
    printf("%s %.*s %u %u\\n", topic, (int)len, text, qos, retain);
}
${block}
static void hear(const char *topic, const char *text) { on_message(topic, strlen(topic), (const uint8_t *)text, strlen(text)); }
int main(void)
{
    hear("/green/devices/house-7/valve/open", "40");
    hear("/green/devices/house-7/valve/open", "101");
    hear("/green/devices/house-7/valve/opened", "40");
    report("house-7");
    report("house/7");
    return 0;
}
`;
  writeFileSync(join(folder, 'program.c'), program);
  const warnings = '-std=c11 -Wall -Wextra -Werror -Wconversion -Wshadow -pedantic -fsanitize=address,undefined';
  const sources = ['program.c', 'greenhouse_protocol.c'];
  await run('gcc', [...warnings.split(' '), '-I.', ...sources, '-o', 'program'], { cwd: folder });
  const { stdout } = await run(join(folder, 'program'), []);
  expect(stdout.split('\n')).toEqual([
    'valve 40',
    '/green/devices/house-7/climate {"temperature":21.5,"mode":"night"} 1 1',
    '',
  ]);
});

testWithTools('its commands build and run a fuzz target', ['clang'], async () => {
  await writeGreenhouse(generateFuzzTargets);
  const [build, start, ...rest] =
    blocksOf('sh')
      .find((block) => block.includes('-fsanitize=fuzzer'))
      ?.trim()
      .split('\n') ?? [];
  expect(rest).toEqual([]);
  for (const line of [build ?? '', `${start ?? ''} -runs=2000`]) {
    const [program = '', ...args] = line.split(' ');
    await run(program, args, { cwd: folder });
  }
});
