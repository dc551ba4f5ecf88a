import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The core is built, not written: without it every test here would fail with a riddle. */
export default (): void => {
  const core = fileURLToPath(new URL('../../../../firmware/wasm/dist/index.js', import.meta.url));
  if (!existsSync(core)) throw new Error('the firmware core is not built: run `npm run build` first');
};
