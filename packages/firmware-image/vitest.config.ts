import { testConfig } from '../../tools/vitest.base.ts';

// RSA-3072 keys are made on the fly, which takes seconds on a busy machine.
export default testConfig({ testTimeout: 30_000, hookTimeout: 60_000 });
