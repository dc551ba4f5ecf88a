import { cp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { hasTools, temporaryFolder, workspaceRoot } from './support/environment.js';
import { runGuide } from './support/guide.js';
import { useFixedPorts } from './support/fixed-ports.js';

useFixedPorts();

const GUIDE = 'docs/hardware.md';

test.skipIf(!hasTools('stdbuf', 'mosquitto', 'mosquitto_pub'))(
  'docs/hardware.md: every command that needs neither ESP-IDF nor a board, up to the update of a virtual device',
  async () => {
    const dir = await temporaryFolder();
    await cp(join(workspaceRoot, 'firmware'), join(dir, 'firmware'), {
      recursive: true,
      filter: (path) => !/\/(?:build[^/]*|node_modules|dist|test|sdkconfig)$/.test(path),
    });
    const { commands, running } = await runGuide({
      file: GUIDE,
      dir,
      home: dir,
      ready: [
        [/^npx secure-esp broker run/, /operators on [0-9]+/],
        [/^npx secure-esp ota serve/, /update server on/],
        [/^npx secure-esp sim/, /esp-001/],
        [/^npx secure-esp device watch/, /esp-001/],
      ],
      says: [
        [/doctor firmware firmware$/, /^esp32, development profile[\s\S]*0 errors, 0 warnings/],
        [/--profile release/, /0 errors, 0 warnings, 1 note/],
        [/image info/, /v1-ecdsa-p256/],
        [
          /development\.csv/,
          /write_flash 0x1b000 provisioned\/esp-001\/nvs\.bin 0x11000 provisioned\/esp-001\/nvs_keys\.bin/,
        ],
        [/release\.csv/, /0x1b000/],
        [/ota publish/, /released secure_esp/],
        [/device update/, /0\.1\.0.*0\.2\.0/],
      ],
    });
    expect(commands).toBeGreaterThan(18);
    const watched = [...running].find(([line]) => line.includes('device watch'))?.[1].output() ?? '';
    expect(watched).toMatch(/confirmed/);
  },
  180_000,
);

test('docs/hardware.md: every other command is listed as not run, and none of them is said to have been', async () => {
  const text = await readFile(join(workspaceRoot, GUIDE), 'utf8');
  const [guide = '', listed = ''] = text.split('## Not run on hardware');
  const literal = (part: string): string => part.trim().replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const forms = [...listed.matchAll(/`([^`]+)`/g)].map(
    ([, form = '']) => new RegExp(`^${form.split('…').map(literal).join('.*')}$`),
  );
  const commands = [...guide.matchAll(/^```console\n([^`]*)^```$/gm)].flatMap(([, block = '']) =>
    block.trim().split('\n'),
  );
  expect(commands.length).toBeGreaterThan(10);
  expect(commands.filter((command) => !forms.some((form) => form.test(command)))).toEqual([]);
});
