import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { hasTools, temporaryFolder } from './support/environment.js';
import { runGuide } from './support/guide.js';
import { makeScriptTree } from './support/script-tree.js';
import { useFixedPorts } from './support/fixed-ports.js';

useFixedPorts();

/** What a command that runs until Ctrl-C prints once it does its work. */
const READY: readonly (readonly [RegExp, RegExp])[] = [
  [/^npx secure-esp broker run/, /operators on [0-9]+/],
  [/^npx secure-esp ota serve/, /update server on/],
  [/^npx secure-esp est serve/, /enrolment/i],
  [/^mosquitto_sub/, /Subscribed|SUBACK/],
];

/** What an operator reads in the answers. */
const SAYS: readonly (readonly [RegExp, RegExp])[] = [
  [/--count 25 --prefix lot-7-/, /25/],
  [/rollover status$/, /next: give every device and operator the new ca\.crt/],
  [/est renew --dir esp-007 --url https:\/\/localhost:8443$/, /esp-007/],
  [/revoke esp-002/, /1 revoked|revoked [0-9A-F]+: keyCompromise/],
  [/--state revoked/, /esp-002/],
  [/pki adopt ~\/esp/, /WARNING/],
];

test.skipIf(!hasTools('stdbuf', 'mosquitto', 'mosquitto_sub', 'mosquitto_pub', 'openssl'))(
  'docs/pki.md: every command, in its order, on one tree with its servers running',
  async () => {
    const dir = await temporaryFolder();
    const home = join(dir, 'home');
    await mkdir(home);
    await makeScriptTree(join(home, 'esp/secure_esp'));
    const { commands, running } = await runGuide({ file: 'docs/pki.md', dir, home, ready: READY, says: SAYS });
    expect(commands).toBeGreaterThan(35);

    const outputOf = (start: string): string =>
      [...running].find(([line]) => line.startsWith(start))?.[1].output() ?? '';
    expect(outputOf('mosquitto_sub')).toMatch(/^3600$/m);
    expect(outputOf('npx secure-esp broker run')).toContain('revoked_device_disconnected');
    for (const program of running.values()) expect(program.output()).not.toMatch(/_failed/);
    for (const file of ['esp-003.pem', 'alice.crt', 'esp-007/client.crt', '.secure-esp/devices/lot-8-00025/client.crt'])
      expect((await stat(join(dir, file))).isFile()).toBe(true);
  },
  300_000,
);
