import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { generateC } from '../../src/codegen/index.js';
import { command, defineProtocol, empty, secureEspV1, type Protocol } from '../../src/index.js';
import { GOLDEN_CONTRACTS } from '../golden/contracts.js';
import { run, temporaryFolder, testWithTools } from '../support/tools.js';
import { wideContract } from '../support/wide-contract.js';

const WARNINGS = '-Wall -Wextra -Werror -Wconversion -Wshadow -pedantic -Wundef -Wstrict-overflow=2 -Wcast-qual'.split(
  ' ',
);
const COMPILERS = [
  { name: 'gcc as C11', command: 'gcc', flags: ['-std=c11', '-Wstrict-prototypes', '-Wmissing-prototypes'] },
  { name: 'gcc as C11 for size', command: 'gcc', flags: ['-std=c11', '-Os'] },
  { name: 'clang as C11', command: 'clang', flags: ['-std=c11', '-Wstrict-prototypes', '-Wmissing-prototypes'] },
  {
    name: 'gcc for 32-bit RISC-V as C11',
    command: 'riscv64-unknown-elf-gcc',
    flags: ['-march=rv32imc', '-mabi=ilp32', '--specs=picolibc.specs', '-std=c11', '-Os', '-Wstack-usage=512'],
  },
  { name: 'gcc as C++17', command: 'g++', flags: ['-x', 'c++', '-std=c++17', '-O2'] },
  { name: 'clang as C++17', command: 'clang++', flags: ['-x', 'c++', '-std=c++17', '-O2'] },
];
const smallest = defineProtocol({
  name: 'smallest',
  version: 1,
  root: '/s',
  topics: { go: command(empty(), { description: 'Nothing to decode, nothing to encode.' }) },
});
const PROTOCOLS: readonly Protocol[] = [secureEspV1, wideContract, smallest, ...GOLDEN_CONTRACTS];
const folder = temporaryFolder();

/** Includes what a user would: headers twice, initialisers, the X-macro. */
const userOf = (stem: string, protocol: Protocol): string => `
#include "${stem}_protocol.h"
#include "${stem}_topics.h"
#define COUNT(NAME, name, direction) + 1
int user_of_${stem}(void);
int user_of_${stem}(void) { return (0 LAB_TOPICS(COUNT)) == ${String(Object.keys(protocol.topics).length)} ? 0 : 1; }
`;

describe.each(COMPILERS)('$name', ({ command, flags, name }) => {
  testWithTools('takes every contract without a warning', [command], async () => {
    const sources = PROTOCOLS.flatMap((protocol) => {
      const target = join(folder, name.replaceAll(' ', '-'), protocol.name);
      mkdirSync(target, { recursive: true });
      const files = generateC(protocol, { prefix: 'lab' });
      for (const { path, content } of files) writeFileSync(join(target, path), content);
      const stem = protocol.name.replaceAll('-', '_');
      writeFileSync(join(target, 'user.c'), userOf(stem, protocol));
      return [join(target, `${stem}_protocol.c`), join(target, 'user.c')];
    });
    for (const source of sources) {
      const { stderr } = await run(command, [...flags, ...WARNINGS, '-c', source, '-o', `${source}.o`]);
      expect(stderr).toBe('');
    }
  });

  testWithTools('refuses headers of two contracts', [command], async () => {
    const target = join(folder, `${name.replaceAll(' ', '-')}-mixed`);
    mkdirSync(target, { recursive: true });
    const changed: Protocol = { ...secureEspV1, contractHash: '0123456789abcdef' };
    const [topics] = generateC(changed);
    const [, header, source] = generateC(secureEspV1);
    for (const file of [topics, header, source]) if (file) writeFileSync(join(target, file.path), file.content);
    const compile = run(command, [...flags, '-c', join(target, source?.path ?? ''), '-o', join(target, 'mixed.o')]);
    await expect(compile).rejects.toThrow(/are of different contracts/);
  });
});
