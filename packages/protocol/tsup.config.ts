import { defineConfig } from 'tsup';
import { libConfig } from '../../tools/tsup.base.ts';

export default defineConfig(libConfig({ entry: { index: 'src/index.ts', 'codegen/index': 'src/codegen/index.ts' } }));
