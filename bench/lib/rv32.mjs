// Compiles a peer for rv32imc -Os, sizes it by the linker's map, and runs it in QEMU.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { QEMU, RISCV_GCC, run } from './tools.mjs';

const C = join(import.meta.dirname, '../c');

const TARGET = ['-march=rv32imc', '-mabi=ilp32', '--specs=picolibc.specs'];
const COMPILE = ['-std=gnu11', '-Os', '-ffunction-sections', '-fdata-sections', '-Wall', '-Wextra'];
const LINK = [
  '--oslib=semihost',
  '--crt0=hosted',
  '-Wl,--gc-sections',
  ...[
    '__flash=0x80000000',
    '__flash_size=0x00200000',
    '__ram=0x80200000',
    '__ram_size=0x00200000',
    '__stack_size=0x8000',
  ].map((symbol) => `-Wl,--defsym=${symbol}`),
];
// One instruction per tick: the count of retired instructions is exact, and the same in every run.
const MACHINE = '-M virt -bios none -nographic -monitor none -serial none -icount shift=0'.split(' ');

/** Compiles into `folder` and returns the objects. */
export function compile(folder, sources, flags = []) {
  mkdirSync(folder, { recursive: true });
  return sources.map((source) => {
    const object = join(folder, `${basename(source, '.c')}.o`);
    run(RISCV_GCC, [...TARGET, ...COMPILE, ...flags, `-I${C}`, '-c', source, '-o', object]);
    return object;
  });
}

/** Links a program and returns its path; the map is beside it. */
export function link(program, objects, flags = []) {
  run(RISCV_GCC, [...TARGET, ...LINK, ...flags, `-Wl,-Map=${program}.map`, ...objects, '-o', program]);
  return program;
}

const KINDS = [
  ['text', /^\.text|^\.init/],
  ['rodata', /^\.s?rodata/],
  ['data', /^\.s?data/],
  ['bss', /^\.s?bss/],
];

/**
 * Bytes of a linked program by origin (`library` is the C library and libgcc) and kind of section, from its map: what
 * --gc-sections dropped is not in it.
 */
export function sizeOf(program) {
  const map = readFileSync(`${program}.map`, 'utf8').split('Linker script and memory map')[1];
  const sizes = {};
  // " .text.name  0xaddress  0xsize  file", the name on a line of its own if it is long.
  for (const [, section, address, size, file] of map.matchAll(
    /^ (\.[\w.$-]+)\s+0x([0-9a-f]+)\s+0x([0-9a-f]+)\s+(\S+)$/gm,
  )) {
    const kind = KINDS.find(([, pattern]) => pattern.test(section))?.[0];
    if (kind === undefined || Number.parseInt(address, 16) === 0) continue;
    const origin = file.includes('.a(') || file.includes('crt') ? 'library' : basename(file, '.o');
    sizes[origin] ??= { text: 0, rodata: 0, data: 0, bss: 0 };
    sizes[origin][kind] += Number.parseInt(size, 16);
  }
  return sizes;
}

/** Runs a program in QEMU and returns what it printed. */
export function emulate(program, { trace } = {}) {
  const logging = trace === undefined ? [] : ['-singlestep', '-d', 'nochain,exec', '-D', trace];
  const output = ['-chardev', 'stdio,id=output', '-semihosting-config', 'enable=on,target=native,chardev=output'];
  return run(QEMU, [...MACHINE, ...output, ...logging, '-kernel', program]);
}

const bytesInC = (bytes) => (bytes.length === 0 ? '0' : [...bytes].join(','));

/** Writes inputs.c: the payloads as byte arrays. */
export function writeInputs(folder, inputs, probes) {
  mkdirSync(folder, { recursive: true });
  const entry = (array, at, { message, note, bytes }) =>
    `{"${message}", ${JSON.stringify(note ?? '')}, ${array}_${String(at)}, ${String(bytes.length)}u},`;
  const arrays = (array, list) =>
    list.map(({ bytes }, at) => `static const uint8_t ${array}_${String(at)}[] = {${bytesInC(bytes)}};`);
  const text = [
    '#include "inputs.h"',
    ...arrays('input', inputs),
    ...arrays('probe', probes),
    'const input_t inputs[] = {',
    ...inputs.map((input, at) => entry('input', at, input)),
    '};',
    'const input_t probes[] = {',
    ...probes.map((probe, at) => entry('probe', at, probe)),
    '{"", "", 0, 0u}};',
    `const size_t probes_count = ${String(probes.length)}u;`,
    '',
  ].join('\n');
  const path = join(folder, 'inputs.c');
  writeFileSync(path, text);
  return path;
}

export const HARNESS = join(C, 'harness.c');
export const HEAP = join(C, 'heap.c');
export const SIZE = join(C, 'size.c');
