import { defineConfig } from 'vitest/config';

// Built packages, one file at a time: the tests start whole programs and measure what a user sees.
export default defineConfig({
  cacheDir: '../node_modules/.vite/e2e',
  test: {
    environment: 'node',
    include: ['test/**/*.test.ts'],
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
