import type { Options } from 'tsup';

/** The one tsup configuration of all libraries: ESM + CJS + types, from the library's own tsconfig. */
export const libConfig = (over: Options = {}): Options => ({
  entry: ['src/index.ts'],
  tsconfig: 'tsconfig.lib.json',
  format: ['esm', 'cjs'],
  platform: 'node',
  target: 'node20',
  sourcemap: true,
  clean: true,
  treeshake: false,
  splitting: false,
  shims: false,
  dts: {
    compilerOptions: {
      composite: false,
      incremental: false,
      emitDeclarationOnly: false,
      customConditions: null as never,
      declarationMap: false,
      ignoreDeprecations: '6.0',
    },
  },
  ...over,
});
