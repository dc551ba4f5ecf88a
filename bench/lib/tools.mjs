// Programs that the bench needs, and how to run them.
import { spawnSync } from 'node:child_process';

const RUN_LIMIT_MS = 120_000;

/** Programs, and the Debian packages they are in. */
const TOOLS = {
  gcc: { program: 'riscv64-unknown-elf-gcc', package: 'gcc-riscv64-unknown-elf' },
  qemu: { program: 'qemu-system-riscv32', package: 'qemu-system-misc' },
  nanopb: { program: 'nanopb_generator.py', package: 'nanopb' },
  protoc: { program: 'protoc', package: 'protobuf-compiler' },
};

export const RISCV_GCC = TOOLS.gcc.program;
export const QEMU = TOOLS.qemu.program;

/** Of the named tools those that are not there, each as "package (program)". */
export function missingTools(names) {
  return names
    .map((name) => TOOLS[name])
    .filter(({ program }) => spawnSync(program, ['--version']).status !== 0)
    .map((tool) => `${tool.package} (${tool.program})`);
}

/** The C library is no program: the compiler knows where its specs are, or gives the bare name back. */
export const missingLibrary = () =>
  run(RISCV_GCC, ['-print-file-name=picolibc.specs']).startsWith('/') ? [] : ['picolibc-riscv64-unknown-elf'];

/** The version in the first line of `program --version`. */
export const versionOf = (name) =>
  /(\d+\.[\w.]*\w)(?: \(.*)?$/.exec(run(TOOLS[name].program, ['--version']).split('\n', 1)[0])?.[1] ?? 'unknown';

/** Of the C library that the compiler links. */
export function picolibcVersion() {
  const specs = ['-march=rv32imc', '-mabi=ilp32', '--specs=picolibc.specs'];
  const macros = run(RISCV_GCC, [...specs, '-E', '-dM', '-include', 'picolibc.h', '-x', 'c', '/dev/null']);
  return /_PICOLIBC_VERSION "([^"]+)"/.exec(macros)?.[1] ?? 'unknown';
}

/** Runs a program and returns its standard output; throws with its error output if it fails. */
export function run(program, args, options = {}) {
  const result = spawnSync(program, args, {
    encoding: 'utf8',
    timeout: RUN_LIMIT_MS,
    maxBuffer: 1024 * 1024 * 1024,
    ...options,
  });
  if (result.error !== undefined) throw new Error(`${program}: ${result.error.message}`);
  if (result.status !== 0) {
    throw new Error(`${program} failed (${String(result.status)}):\n${result.stdout}${result.stderr}`);
  }
  return result.stdout;
}
