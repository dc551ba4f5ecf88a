import { defineConfig } from 'tsup';
import { libConfig } from '../../tools/tsup.base.ts';

export default defineConfig(
  libConfig({
    entry: {
      index: 'src/index.ts',
      'adapters/express': 'src/adapters/express.ts',
      'adapters/fastify': 'src/adapters/fastify.ts',
      'adapters/hono': 'src/adapters/hono.ts',
      'testing/index': 'src/testing/index.ts',
      'stores/s3/index': 'src/stores/s3/index.ts',
      'metrics/index': 'src/metrics/index.ts',
    },
  }),
);
