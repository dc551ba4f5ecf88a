// Output: dist/secure_esp_core.wasm, and dist/index.js + dist/index.d.ts with the same bytes embedded.
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compileCore } from './compile.mjs';

const dist = join(dirname(fileURLToPath(import.meta.url)), 'dist');

const wasm = await compileCore();
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
