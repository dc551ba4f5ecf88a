import { defineConfig } from 'vitest/config';

// Built packages: the tests start whole programs and see what a user sees. Two files at a time, because they wait more than
// they work; those that need the documented ports take turns (test/support/fixed-ports.ts).
export default defineConfig({
  cacheDir: '../node_modules/.vite/e2e',
  test: {
    environment: 'node',
    include: ['test/**/*.test.ts'],
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
