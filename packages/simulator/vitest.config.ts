import { testConfig } from '../../tools/vitest.base.ts';

export default testConfig({ globalSetup: ['test/support/require-core.ts'] });
