import { cp, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { hasTools, temporaryFolder, workspaceRoot } from './support/environment.js';
import { useFixedPorts } from './support/fixed-ports.js';
import { runGuide } from './support/guide.js';
import { makeScriptTree } from './support/script-tree.js';

useFixedPorts();

test.skipIf(!hasTools('stdbuf', 'curl', 'mosquitto', 'mosquitto_sub', 'mosquitto_pub', 'openssl'))(
  'docs/migration.md: every command, in its order, from a tree of certificate_creation.sh to one without its CA',
  async () => {
    const dir = await temporaryFolder();
    const home = join(dir, 'home');
    await mkdir(home);
    await makeScriptTree(join(home, 'esp/secure_esp'));
    await cp(join(workspaceRoot, 'firmware/partitions'), join(dir, 'firmware/partitions'), { recursive: true });
    const { commands, running } = await runGuide({
      file: 'docs/migration.md',
      dir,
      home,
      ready: [
        [/^npx secure-esp broker run/, /operators on [0-9]+/],
        [/^mosquitto_sub/, /Subscribed|SUBACK/],
        [/^npx secure-esp ota serve/, /update server on/],
        [/^npx secure-esp sim/, /booted and connected/],
        [/^npx secure-esp device watch/, /online/],
      ],
      says: [
        [/pki adopt ~/, /WARNING: until 20\d\d-/],
        [/ota publish secure_esp-2\.0/, /released secure_esp/],
        [/device send/, /"ok":true/],
        [/device update/, /2\.0\.0 -> 2\.1\.0, confirmed/],
      ],
    });
    expect(commands).toBeGreaterThan(25);
    const outputOf = (start: string): string =>
      [...running].find(([line]) => line.startsWith(start))?.[1].output() ?? '';
    expect(outputOf('npx secure-esp ota serve')).toMatch(
      /WARNING: until .* \/secure_esp\.bin without a client certificate/,
    );
    expect(outputOf('npx secure-esp ota serve')).toContain('bridge_used');
    // the old device hears the old operator, and the new device does, too
    expect(outputOf('mosquitto_sub')).toMatch(/^10000$[^]*^7200$/m);
    expect(outputOf('npx secure-esp device watch')).toMatch(/settings: .*interval 7200 s/);
  },
  300_000,
);
