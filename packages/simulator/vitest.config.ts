import { testConfig } from '../../tools/vitest.base.ts';

export default testConfig({
  globalSetup: ['test/support/require-core.ts'],
  // Cases that run at once mostly wait: for a server that says nothing, for a deadline.
  maxConcurrency: 12,
});
