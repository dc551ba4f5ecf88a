// Compiles the firmware core and its WebAssembly port with clang, itself running as WebAssembly: no compiler to install.
// The same sources give the same bytes on every machine.
import { runClang } from '@yowasp/clang';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const core = join(here, '../components/secure_esp_core');

const FLAGS = [
  '--target=wasm32-wasip1',
  '-std=c11',
  '-Os',
  '-fno-builtin',
  '-nostdlib',
  ...['-Wall', '-Wextra', '-Werror', '-Wconversion', '-Wshadow', '-pedantic'],
  ...['-Icore/include', '-Icore/generated', '-Icore/private', '-Iwasm'],
  ...['-Wl,--no-entry', '-Wl,--strip-all', '-Wl,--export-memory', '-Wl,-z,stack-size=32768', '-Wl,--stack-first'],
];

/** The list `name` in sources.cmake. */
async function listOf(name) {
  const text = await readFile(join(core, 'sources.cmake'), 'utf8');
  const body = new RegExp(`set\\(${name}\\s([^)]*)\\)`).exec(text)?.[1];
  if (body === undefined) throw new Error(`sources.cmake has no list ${name}`);
  return body.trim().split(/\s+/);
}

/** Files of a folder, by name, as the compiler's file tree wants them. */
async function folder(path, pattern) {
  const names = (await readdir(path)).filter((name) => pattern.test(name)).sort();
  return Object.fromEntries(await Promise.all(names.map(async (name) => [name, await readFile(join(path, name))])));
}

const COMPILE = [...FLAGS.filter((flag) => !flag.startsWith('-Wl,')), '-c'];
const LINK = ['--target=wasm32-wasip1', '-Os', '-nostdlib', ...FLAGS.filter((flag) => flag.startsWith('-Wl,'))];
const objectOf = (unit) => unit.replace(/^.*\//, '').replace(/\.c$/, '.o');

async function clang(args, files) {
  // Loads the compiler; without this it reports its own loading line by line.
  await runClang(null, {}, { fetchProgress: () => undefined });
  // Its error carries every file, and what matters was printed by the compiler: only the message is thrown on.
  const run = await runClang(['clang', ...args], files).then(
    (output) => ({ output }),
    (error) => ({ failure: `clang failed: ${error.message}` }),
  );
  if (run.failure !== undefined) throw new Error(run.failure);
  return run.output;
}

/**
 * A function that returns the module's bytes, and when it is called again compiles only what changed. `change`, for tests
 * of the tests: gets the path of each file of the core, such as `src/sesp_install.c`, and its text, and returns the text
 * to compile. Throws when the compiler refuses, which it says on the console.
 */
export function createCompiler() {
  const known = new Map();
  return async (change = (_path, text) => text) => {
    const changed = (name, files) =>
      Object.fromEntries(
        Object.entries(files).map(([file, text]) => [file, change(`${name}/${file}`, text.toString('utf8'))]),
      );
    const own = await folder(here, /\.[ch]$/);
    const src = changed('src', await folder(join(core, 'src'), /\.c$/));
    const generated = changed('generated', await folder(join(core, 'generated'), /\.[ch]$/));
    const headers = {
      include: changed('include', await folder(join(core, 'include'), /\.h$/)),
      private: changed('private', await folder(join(core, 'private'), /\.h$/)),
    };
    const tree = { wasm: own, core: { ...headers, generated, src } };
    const sources = await listOf('SECURE_ESP_CORE_SOURCES');
    const units = [
      ...sources.map((source) => `core/${source}`),
      ...Object.keys(own).flatMap((name) => (name.endsWith('.c') ? [`wasm/${name}`] : [])),
    ];
    const shared = JSON.stringify([headers, generated, own]);
    const keyOf = (unit) =>
      `${unit}\n${unit.startsWith('core/src/') ? src[unit.slice('core/src/'.length)] : ''}\n${shared}`;
    const fresh = units.filter((unit) => !known.has(keyOf(unit)));
    if (fresh.length > 0) {
      const objects = await clang([...COMPILE, ...fresh], tree);
      for (const unit of fresh) known.set(keyOf(unit), objects[objectOf(unit)]);
    }
    const objects = Object.fromEntries(units.map((unit) => [objectOf(unit), known.get(keyOf(unit))]));
    const output = await clang([...LINK, ...units.map(objectOf), '-o', 'secure_esp_core.wasm'], objects);
    return output['secure_esp_core.wasm'];
  };
}

/** The module's bytes. */
export const compileCore = createCompiler();
