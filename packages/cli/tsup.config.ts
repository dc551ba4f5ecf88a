import { defineConfig } from 'tsup';
import { libConfig } from '../../tools/tsup.base.ts';

export default defineConfig([
  libConfig({ entry: ['src/index.ts'], shims: true, clean: false }),
  // The program: one chunk per command, so that a command loads only what it needs.
  libConfig({ entry: ['src/bin.ts'], format: ['esm'], splitting: true, dts: false, clean: false }),
]);
