import { expect, test } from 'vitest';
import { hasTools, temporaryFolder } from './support/environment.js';
import { useFixedPorts } from './support/fixed-ports.js';
import { runGuide } from './support/guide.js';

useFixedPorts();

test.skipIf(!hasTools('stdbuf'))(
  'docs/getting-started.md, without a board: every command, beside the running demo',
  async () => {
    const dir = await temporaryFolder();
    const { commands, running } = await runGuide({
      file: 'docs/getting-started.md',
      dir,
      home: dir,
      ready: [
        [/secure-esp demo$/, /Ctrl-C stops everything/],
        [/device watch$/, /online/],
      ],
      says: [
        [/update\/interval 600/, /"ok":true/],
        [/device update/, /nothing newer/],
      ],
    });
    expect(commands).toBe(4);
    const watched = [...running].find(([line]) => line.includes('device watch'))?.[1].output() ?? '';
    expect(watched).toMatch(/settings: .*interval 600 s/);
  },
  120_000,
);
