import { defineConfig } from 'tsup';
import { libConfig } from '../../tools/tsup.base.ts';

export default defineConfig(libConfig({ entry: ['src/index.ts', 'src/node.ts', 'src/nvs/index.ts'] }));
