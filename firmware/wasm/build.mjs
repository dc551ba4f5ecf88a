// Compiles the firmware core and its WebAssembly port with clang, itself running as WebAssembly: no compiler to install.
// Output: dist/secure_esp_core.wasm, and dist/index.js + dist/index.d.ts with the same bytes embedded. The same sources
// give the same bytes on every machine.
import { runClang } from '@yowasp/clang';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const core = join(here, '../components/secure_esp_core');
const dist = join(here, 'dist');

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

async function compile() {
  const sources = await listOf('SECURE_ESP_CORE_SOURCES');
  const own = await folder(here, /\.[ch]$/);
  const files = {
    wasm: own,
    core: {
      include: await folder(join(core, 'include'), /\.h$/),
      private: await folder(join(core, 'private'), /\.h$/),
      generated: await folder(join(core, 'generated'), /\.[ch]$/),
      src: await folder(join(core, 'src'), /\.c$/),
    },
  };
  const units = [
    ...sources.map((source) => `core/${source}`),
    ...Object.keys(own).flatMap((name) => (name.endsWith('.c') ? [`wasm/${name}`] : [])),
  ];
  // Loads the compiler; without this it reports its own loading line by line.
  await runClang(null, {}, { fetchProgress: () => undefined });
  try {
    const output = await runClang(['clang', ...FLAGS, ...units, '-o', 'secure_esp_core.wasm'], files);
    return output['secure_esp_core.wasm'];
  } catch (error) {
    // Not thrown on: the error carries every file, and what matters was printed by the compiler.
    console.error(`clang failed: ${error.message}`);
    process.exit(1);
  }
}

const wasm = await compile();
const base64 = Buffer.from(wasm).toString('base64');
await mkdir(dist, { recursive: true });
await writeFile(join(dist, 'secure_esp_core.wasm'), wasm);
await writeFile(
  join(dist, 'index.js'),
  `// The firmware core as WebAssembly, built from firmware/components/secure_esp_core. Runs in Node and in browsers.
const BASE64 = '${base64}';

/** A fresh copy of the module's bytes. */
export function coreWasm() {
  const text = atob(BASE64);
  const bytes = new Uint8Array(text.length);
  for (let index = 0; index < text.length; index++) bytes[index] = text.charCodeAt(index);
  return bytes;
}
`,
);
await writeFile(
  join(dist, 'index.d.ts'),
  `/** A fresh copy of the bytes of the WebAssembly module: the firmware core, imports from "sesp", exports "sesp_wasm_*". */
export declare function coreWasm(): Uint8Array;
`,
);
console.log(`secure_esp_core.wasm: ${String(wasm.length)} bytes`);
