import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { describe, expect, it } from 'vitest';
import { SIMULATOR_ERROR_CODES } from '../src/index.js';
import { mosquittoMissing } from './support/broker.js';
import { bundleSource } from './support/bundle.js';
import { skipUnless } from './support/tools.js';
import { createWorld } from './support/world.js';

const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');

describe('the README', () => {
  it('explains every error code, and no other', () => {
    const documented = [...readme.matchAll(/^\| `([a-z_]+)`/gm)].map(([, code]) => code);
    expect(documented).toEqual([...SIMULATOR_ERROR_CODES]);
  });

  it.skipIf(skipUnless('Mosquitto', mosquittoMissing))(
    'has an example that runs, and ends on SIGINT',
    async () => {
      const [, example = ''] = /```ts\n(.*?)```/s.exec(readme) ?? [];
      await using world = await createWorld('esp32');
      const { dir, tree } = world.pki;
      const here = example
        .replace("'.secure-esp'", JSON.stringify(tree.dir))
        .replace("'mqtts://localhost:8884'", JSON.stringify(world.broker.url));
      const program = await bundleSource('readme-example', here, dir);
      const child = spawn(process.execPath, [program], {
        cwd: dir,
        stdio: ['ignore', 'pipe', 'inherit'],
        timeout: 15_000,
      });
      const exited = once(child, 'exit');
      for await (const line of createInterface(child.stdout)) {
        if (line.includes('booted and connected')) child.kill('SIGINT');
      }
      expect(await exited).toEqual([0, null]);
      expect(world.operator.received.at(-1)).toMatchObject({ payload: '{"online":false}' });
    },
    20_000,
  );
});
