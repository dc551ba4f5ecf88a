import { defineConfig } from 'tsup';
import { libConfig } from '../../tools/tsup.base.ts';

export default defineConfig([
  libConfig({ entry: ['src/index.ts'], shims: true, clean: false }),
  // The program: one chunk per command, so that a command loads only what it needs.
  libConfig({
    entry: { bin: 'src/bin.ts', 'ota-worker': 'src/ota/worker-main.ts' },
    format: ['esm'],
    splitting: true,
    dts: false,
    clean: false,
  }),
]);
