import { defineConfig, type ViteUserConfig } from 'vitest/config';

const conditions = ['@secure-esp/source'];

/** Ends a test that hangs. Far beyond what any needs, because a slow machine is not a defect. */
const HANGS_AFTER_MS = 120_000;

/** Tests run on the sources of every workspace package (no build needed), one configuration for all rooms. */
export const testConfig = (test: NonNullable<ViteUserConfig['test']> = {}): ViteUserConfig =>
  defineConfig({
    cacheDir: '../../node_modules/.vite/packages',
    resolve: { conditions },
    ssr: { resolve: { conditions, externalConditions: conditions } },
    test: {
      environment: 'node',
      include: ['test/**/*.test.ts'],
      testTimeout: HANGS_AFTER_MS,
      hookTimeout: HANGS_AFTER_MS,
      ...test,
    },
  });
