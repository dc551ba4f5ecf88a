import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { hasTools, temporaryFolder } from './support/environment.js';
import { asks, cli, type ClientFiles, publishes, startServers, tlsArguments } from './support/pki-servers.js';
import { runCli, startProgram } from './support/program.js';
import { makeScriptTree } from './support/script-tree.js';

const available = hasTools('mosquitto', 'mosquitto_pub', 'mosquitto_sub', 'openssl', 'curl', 'stdbuf');
const TOPIC = '/esp/update/interval';

const clientOf = (root: string): ClientFiles => ({
  ca: join(root, 'ca/certs/ca.crt'),
  cert: join(root, 'ca/certs/client.crt'),
  key: join(root, 'ca/keys/client.key'),
});

describe.skipIf(!available)('pki adopt on a running Mosquitto', () => {
  test('lets the old clients in as they are, as operators, until it is ended', async () => {
    const cwd = await temporaryFolder();
    const dir = join(cwd, '.secure-esp');
    const script = await makeScriptTree(join(cwd, 'script'));
    const old = clientOf(script);
    // a tree and servers that run before
    await cli(cwd, 'pki', 'init', '--chip', 'esp32s3', '--device', 'a');
    const { broker, operatorPort, devicePort, otaPort } = await startServers(cwd);
    const ours = clientOf(dir);
    expect(await publishes(old, operatorPort, 'old', TOPIC)).toBe(false);
    expect(await publishes(ours, operatorPort, 'new', TOPIC)).toBe(true);

    const said = await cli(cwd, 'pki', 'adopt', 'script', '--until', '90d');
    expect(said).toMatch(/WARNING: until 20\d\d-.* can do all that an operator can/);
    expect(said).toContain('script/ca/certs/server.crt');
    expect(said).toContain('took over its firmware signing key');
    const [key, theirs] = ['.secure-esp', 'script'].map((root) => join(cwd, root, 'secure_boot_signing_key.pem'));
    expect(await readFile(key ?? '', 'utf8')).toBe(await readFile(theirs ?? '', 'utf8'));
    await broker.waitFor(/"certificates_loaded".*\(adopted\)/);
    // with nothing but its own files, the old CA as the one it trusts included
    await expect.poll(() => publishes(old, operatorPort, 'old', TOPIC), { timeout: 15_000 }).toBe(true);
    expect(await publishes({ ...old, ca: ours.ca }, operatorPort, 'old', TOPIC)).toBe(true);
    expect(await publishes(ours, operatorPort, 'new', TOPIC)).toBe(true);
    const device = {
      ca: join(dir, 'devices/a/ca.crt'),
      cert: join(dir, 'devices/a/client.crt'),
      key: join(dir, 'devices/a/client.key'),
    };
    expect(await publishes(device, devicePort, 'a')).toBe(true);
    // devices are recognised by their names: nobody else's certificates may claim one
    expect(await publishes({ ...old, ca: ours.ca }, devicePort, 'old')).toBe(false);
    expect(await asks({ ...old, ca: ours.ca }, otaPort)).toBe('refused');

    // a revocation of ours still counts beside the other list
    await cli(cwd, 'pki', 'revoke', 'operator');
    await expect.poll(() => publishes(ours, operatorPort, 'new', TOPIC), { timeout: 15_000 }).toBe(false);
    expect(await publishes(old, operatorPort, 'old', TOPIC)).toBe(true);
    await cli(cwd, 'pki', 'renew', 'operator', '--dangerously-replace-key');

    const args = ['-h', 'localhost', '-p', operatorPort, '-i', 'held', '-t', TOPIC, '-d', ...tlsArguments(old)];
    const held = startProgram('stdbuf', ['-oL', 'mosquitto_sub', ...args]);
    onTestFinished(async () => {
      await held.stop();
    });
    await held.waitFor(/Subscribed/);
    const before = broker.output().length;
    await cli(cwd, 'pki', 'adopt', '--end');
    const since = (): string => broker.output().slice(before);
    await expect.poll(since, { timeout: 15_000 }).toMatch(/"certificates_loaded"(?!.*\(adopted\))/);
    const [restarted = ''] = /[^]*"certificates_loaded".*/.exec(since()) ?? [];
    await expect.poll(() => publishes(ours, operatorPort, 'new', TOPIC), { timeout: 15_000 }).toBe(true);
    expect(await publishes(old, operatorPort, 'old', TOPIC)).toBe(false);
    // the connection that was open has ended as well, and its client does not get in any more
    await held.waitFor(/Client held sending CONNECT[^]*Client held sending CONNECT/, 15_000);
    await expect.poll(() => since().slice(restarted.length), { timeout: 15_000 }).toContain('"new"');
    expect(since().slice(restarted.length)).not.toContain('"held"');
    expect(broker.output()).not.toContain('revocation_failed');
  }, 120_000);

  test('drops the old CA at its end without being told', async () => {
    const cwd = await temporaryFolder();
    const script = await makeScriptTree(join(cwd, 'script'));
    await cli(cwd, 'pki', 'adopt', 'script');
    const { adoptPki } = await import('@secure-esp/pki');
    const until = new Date(Math.floor(Date.now() / 1000) * 1000 + 8_000);
    await adoptPki({ dir: join(cwd, '.secure-esp'), from: script, until });
    const { broker, operatorPort } = await startServers(cwd);
    expect(await publishes(clientOf(script), operatorPort, 'old', TOPIC)).toBe(true);
    expect(Date.now()).toBeLessThan(until.getTime());
    await broker.waitFor(/"certificates_loaded"(?!.*\(adopted\))/, 30_000);
    expect(Date.now()).toBeGreaterThanOrEqual(until.getTime());
    await expect.poll(() => publishes(clientOf(script), operatorPort, 'old', TOPIC), { timeout: 15_000 }).toBe(false);
    expect(await publishes(clientOf(join(cwd, '.secure-esp')), operatorPort, 'new', TOPIC)).toBe(true);
  }, 120_000);

  test('says which file a folder lacks that is no such tree, and leaves nothing behind', async () => {
    const cwd = await temporaryFolder();
    const { code, output } = await runCli(['pki', 'adopt', '.'], cwd);
    expect(code).toBe(1);
    expect(output).toContain('ca/certs/ca.crt is missing');
    const list = await runCli(['pki', 'list'], cwd);
    expect(list.output).toContain('no complete certificate tree');
  });
});
