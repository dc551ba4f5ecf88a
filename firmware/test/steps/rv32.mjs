// The core on the instruction set of ESP32-C3 and C6: warnings, stack frames, size, and the unit tests in qemu.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { footprint } from './footprint.mjs';
import {
  coreSources,
  generatedSource,
  INCLUDES,
  STACK_LIMIT_BYTES,
  SUPPORT_INCLUDE,
  supportFiles,
  unitFiles,
  WARNINGS,
} from './tools.mjs';

const GCC = 'riscv64-unknown-elf-gcc';
const SIZE = 'riscv64-unknown-elf-size';
const QEMU = 'qemu-system-riscv32';
const RUN_LIMIT_MS = 120_000;
// Exactly rv32imc: with _zicsr Debian's compiler takes the 64-bit libraries.
const TARGET = ['-march=rv32imc', '-mabi=ilp32', '--specs=picolibc.specs', '-Os'];
// Standard output and exit code reach the host by semihosting. The model devices of the tests need 2 MiB of RAM; the
// stack is that of a task.
const LINK = ['--oslib=semihost', '--crt0=hosted'].concat(
  Object.entries({
    __flash: '0x80000000',
    __flash_size: '0x00200000',
    __ram: '0x80200000',
    __ram_size: '0x00800000',
    __stack_size: '0x4000',
  }).map(([symbol, value]) => `-Wl,--defsym=${symbol}=${value}`),
);
const MACHINE = '-M virt -bios none -nographic -monitor none -serial none'.split(' ');
const SEMIHOSTING = ['-semihosting-config', 'enable=on,target=native'];

export async function rv32(report, work, { updateFootprint }) {
  if (!report.has(GCC, SIZE)) return;
  const flags = [...TARGET, ...WARNINGS, ...INCLUDES];
  const limit = `-Wstack-usage=${String(STACK_LIMIT_BYTES)}`;
  const sources = coreSources();
  const compiled = await report.run(
    'rv32imc: core, warnings and stack frames',
    GCC,
    [...flags, limit, '-c', ...sources],
    {
      cwd: work,
    },
  );
  if (!compiled.good) return;
  const objects = sources.map((source) => join(work, source.split('/').at(-1).replace(/\.c$/, '.o')));
  await size(report, 'rv32imc: size of the generated codecs', [objects[sources.indexOf(generatedSource)]]);
  await size(report, 'rv32imc: size of the core', objects);

  const graphs = join(work, 'footprint');
  mkdirSync(graphs);
  await footprint(report, graphs, { gcc: GCC, size: SIZE, target: TARGET, update: updateFootprint });

  if (updateFootprint || !report.has(QEMU)) return;
  const binary = join(work, 'unit-rv32.elf');
  const tests = [...flags, SUPPORT_INCLUDE, ...supportFiles(), ...unitFiles(), ...objects, ...LINK, '-o', binary];
  const built = await report.run('rv32imc: build', GCC, tests);
  if (!built.good) return;
  const name = 'rv32imc: unit tests in qemu';
  const { good, stdout, stderr, error } = await report.exec(QEMU, [...MACHINE, ...SEMIHOSTING, '-kernel', binary], {
    timeoutMs: RUN_LIMIT_MS,
  });
  // A machine that stops early also exits with 0, so the last line decides. qemu writes the guest's output to stderr.
  const line = /^[0-9]+ tests, [0-9]+ checks, 0 failures$/m.exec(`${stdout}\n${stderr}`)?.[0];
  if (good && line !== undefined) report.ok(name, line);
  else report.fail(name, [stdout, stderr, error].join('\n').trim());
}

async function size(report, name, objects) {
  await report.run(name, SIZE, ['-A', ...objects], {
    show: ({ stdout }) => {
      const bytes = { text: 0, rodata: 0, data: 0, bss: 0 };
      for (const [, section, value] of stdout.matchAll(/^\.s?(text|rodata|data|bss)\S*\s+([0-9]+)/gm)) {
        bytes[section] += Number(value);
      }
      return Object.entries(bytes)
        .map(([section, value]) => `.${section} ${String(value)}`)
        .join(', ');
    },
  });
}
