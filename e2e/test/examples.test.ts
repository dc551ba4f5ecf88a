import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { hasTools, temporaryFolder, workspaceRoot } from './support/environment.js';
import { runCli, runProgram } from './support/program.js';

const examples = ['thermostat', 'led-strip', 'sensor-array'];
const fileOf = (example: string): string => `examples/protocols/${example}.ts`;
const outputs = ['c', 'fuzz', 'json-schema', 'asyncapi', 'vectors', 'docs', 'acl'];

const warnings = ['-Wall', '-Wextra', '-Werror', '-Wconversion', '-pedantic'];
const rv32 = ['-std=c11', '-Os', '-march=rv32imc', '-mabi=ilp32', '--specs=picolibc.specs'];
const compilers: readonly { title: string; command: string; flags: readonly string[]; file: 'source' | 'headers' }[] = [
  { title: 'gcc, C11', command: 'gcc', flags: ['-std=c11'], file: 'source' },
  { title: 'clang, C11', command: 'clang', flags: ['-std=c11'], file: 'source' },
  { title: 'gcc, rv32imc', command: 'riscv64-unknown-elf-gcc', flags: rv32, file: 'source' },
  { title: 'g++, C++17', command: 'g++', flags: ['-x', 'c++', '-std=c++17'], file: 'source' },
  { title: 'clang++, C++17', command: 'clang++', flags: ['-x', 'c++', '-std=c++17'], file: 'source' },
  { title: 'the headers, g++, C++17', command: 'g++', flags: ['-x', 'c++', '-std=c++17'], file: 'headers' },
];

test('every file of examples/protocols is tested here', async () => {
  const files = (await readdir(join(workspaceRoot, 'examples/protocols'))).filter((file) => file.endsWith('.ts'));
  expect(files.sort()).toEqual(examples.map((example) => `${example}.ts`).sort());
});

describe.each(examples)('the contract examples/protocols/%s.ts', (example) => {
  test.each(outputs)('gives codegen %s, and the same again', async (output) => {
    const out = await temporaryFolder();
    const args = ['codegen', output, '--protocol', fileOf(example), '--out', out];
    const first = await runCli(args, workspaceRoot);
    expect([first.output, first.code]).toEqual([expect.stringContaining('wrote '), 0]);
    const second = await runCli([...args, '--check'], workspaceRoot);
    expect([second.output, second.code]).toEqual([expect.stringContaining('up to date'), 0]);
  });

  test.for(compilers)('compiles without a warning: $title', async ({ command, flags, file }, { skip }) => {
    if (!hasTools(command)) skip(`${command} is not installed`);
    const out = await temporaryFolder();
    const made = await runCli(['codegen', 'c', '--protocol', fileOf(example), '--out', out, '--list'], workspaceRoot);
    const files = made.output.trim().split('\n');
    const headers = files.filter((path) => path.endsWith('.h')).map((path) => `#include "${path}"\n`);
    await writeFile(join(out, 'headers.c'), headers.join('').repeat(2));
    const source = file === 'headers' ? join(out, 'headers.c') : files.find((path) => path.endsWith('.c'));
    const args = [...flags, ...warnings, '-c', source ?? '', '-o', join(out, 'contract.o')];
    const built = await runProgram(command, args);
    expect([built.output, built.code]).toEqual(['', 0]);
  });

  test('means the same as its own description', async () => {
    const out = await temporaryFolder();
    await runCli(['codegen', 'docs', '--protocol', fileOf(example), '--out', out], workspaceRoot);
    const description = (await readdir(out)).find((file) => file.endsWith('.contract.json')) ?? '';
    const args = ['codegen', 'check-compat', '--strict', join(out, description), fileOf(example)];
    const compared = await runCli(args, workspaceRoot);
    expect([compared.output.trim(), compared.code]).toEqual(['the contracts mean the same', 0]);
  });
});
