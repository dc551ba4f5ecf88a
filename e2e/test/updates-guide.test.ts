import { expect, test } from 'vitest';
import { hasTools, temporaryFolder } from './support/environment.js';
import { runGuide } from './support/guide.js';
import { useFixedPorts } from './support/fixed-ports.js';

useFixedPorts();

test.skipIf(!hasTools('stdbuf', 'curl'))(
  'docs/updates.md: every command, in its order, on one tree with its server running',
  async () => {
    const dir = await temporaryFolder();
    const { commands, running } = await runGuide({
      file: 'docs/updates.md',
      dir,
      home: dir,
      ready: [[/^npx secure-esp ota serve/, /update server on/]],
      says: [
        [/image info/, /lamp/],
        [/ota publish lamp-/, /released lamp/],
        [/ota publish -/, /already released/],
        [/ota list$/, /esp32 +lamp 1\.1\.0 +\/lamp\.bin/],
        [/ota list --expiring/, /no release matches/],
        [/ota renew/, /nothing is to be renewed/],
        [/metrics/, /^secure_esp_ota_download_bytes_total(?:\{[^}]*\})? [1-9]/m],
      ],
    });
    expect(commands).toBeGreaterThan(15);
    const [server] = [...running.values()];
    expect(server?.output()).not.toMatch(/"level":"(?:error|fatal)"/);
    expect(await server?.stop()).toBe(130);
  },
  120_000,
);
