import { defineConfig } from 'tsup';
import { libConfig } from '../../tools/tsup.base.ts';

// The firmware core is a private package: its bytes become part of this one.
export default defineConfig(libConfig({ noExternal: ['@secure-esp/firmware-wasm'] }));
