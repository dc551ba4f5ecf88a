import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { hasTools, temporaryFolder } from './support/environment.js';
import { cli, openssl } from './support/pki-servers.js';
import { runProgram, startCli } from './support/program.js';
import { makeScriptTree } from './support/script-tree.js';

const available = hasTools('openssl', 'curl');
const BRIDGE = '--dangerously-serve-without-client-certificate';

interface Served {
  readonly port: string;
  /** What it said so far. */
  output(): string;
}

const serve = async (cwd: string, ...options: string[]): Promise<Served> => {
  const ota = startCli(['ota', 'serve', '--port', '0', '--workers', '1', ...options], cwd);
  onTestFinished(async () => {
    await ota.stop();
  });
  const [, port = ''] = await ota.waitFor(/update server on https:\/\/[^:]+:(\d+)/);
  return { port, output: () => ota.output() };
};

/** Downloads as a device of the seed does: it knows one CA and has nothing to show. Gives the status, 0 for no connection. */
const fetchAs = async ({ port }: Served, path: string, args: readonly string[], out = '/dev/null'): Promise<number> => {
  const url = `https://localhost:${port}${path}`;
  const { code, output } = await runProgram('curl', ['-s', '-m', '20', '-o', out, '-w', '%{http_code}', ...args, url]);
  return code === 0 ? Number(output) : 0;
};

/** A signed image on the channel; the path of its file. */
const publish = async (cwd: string, version: string, name: string): Promise<string> => {
  const [plain, signed] = [join(cwd, `${name}.bin`), join(cwd, `${name}.signed.bin`)];
  await cli(cwd, 'image', 'build', '--project', name, '--image-version', version, '--out', plain);
  await cli(cwd, 'image', 'sign', plain, '--out', signed);
  await cli(cwd, 'ota', 'publish', signed, '--name', name);
  return signed;
};

describe.skipIf(!available)('devices of the seed, which have no client certificate', () => {
  test('fetch the images that were named, until the day that was named, and nothing else', async () => {
    const cwd = await temporaryFolder();
    const script = await makeScriptTree(join(cwd, 'script'));
    const theirCa = join(script, 'ca/certs/ca.crt');
    const dir = join(cwd, '.secure-esp');
    await cli(cwd, 'pki', 'adopt', 'script', '--until', '90d');
    await cli(cwd, 'pki', 'init', '--device', 'a');
    const image = await publish(cwd, '2.0.0', 'secure_esp');
    await publish(cwd, '2.0.0', 'other');
    const seed = ['--cacert', theirCa];
    const inAYear = new Date(Date.now() + 365 * 86_400_000).toISOString().slice(0, 10);

    const open = await serve(cwd, BRIDGE, 'secure_esp', '--until', inAYear);
    expect(open.output()).toMatch(/WARNING: until .* \/secure_esp\.bin without a client certificate/);
    const got = join(cwd, 'got.bin');
    expect(await fetchAs(open, '/secure_esp.bin', seed, got)).toBe(200);
    expect((await readFile(got)).equals(await readFile(image))).toBe(true);
    // the key that the seed's devices verify with has signed it
    await cli(cwd, 'image', 'verify', got, '--key', join(script, 'secure_boot_signing_key.pem'));
    expect(await fetchAs(open, '/secure_esp.bin', [...seed, '-I'])).toBe(200);
    expect(await fetchAs(open, '/secure_esp.bin', [...seed, '-r', '100-199'])).toBe(206);
    const digest = (await openssl('dgst', '-sha256', '-r', image)).slice(0, 64);
    for (const path of [`/images/${digest}.bin`, '/other.bin', '/missing.bin', '/update', '/', '/secure_esp.bin/']) {
      expect([path, await fetchAs(open, path, seed)]).toEqual([path, 403]);
    }
    for (const method of ['POST', 'PUT', 'DELETE']) {
      const status = await fetchAs(open, '/secure_esp.bin', [...seed, '-X', method]);
      expect([method, [403, 405].includes(status)]).toEqual([method, true]);
    }
    expect(open.output()).toContain('bridge_used');
    // who trusts the tree itself sees no difference, and a certificate of ours opens the rest
    const ours = ['--cacert', join(dir, 'ca/certs/ca.crt')];
    expect(await fetchAs(open, '/secure_esp.bin', ours)).toBe(200);
    const pair = ['--cert', join(dir, 'devices/a/client.crt'), '--key', join(dir, 'devices/a/client.key')];
    expect(await fetchAs(open, '/other.bin', [...ours, ...pair])).toBe(200);
    // a certificate of the adopted CA is none here, nor is it the lack of one
    const theirs = ['--cert', join(script, 'ca/certs/client.crt'), '--key', join(script, 'ca/keys/client.key')];
    expect([0, 403]).toContain(await fetchAs(open, '/other.bin', [...seed, ...theirs]));

    // what was the last day is over
    const over = await serve(cwd, BRIDGE, 'secure_esp', '--until', '2020-01-31');
    expect(over.output()).toContain('has ended');
    const plain = await serve(cwd);
    for (const server of [over, plain]) {
      expect([0, 403]).toContain(await fetchAs(server, '/secure_esp.bin', seed));
      expect(await fetchAs(server, '/secure_esp.bin', [...seed, ...pair])).toBe(200);
    }
  }, 120_000);

  test('recognise a server that was running before their CA was adopted', async () => {
    const cwd = await temporaryFolder();
    const script = await makeScriptTree(join(cwd, 'script'));
    await cli(cwd, 'pki', 'init', '--chip', 'esp32s3', '--device', 'a');
    const device = join(cwd, '.secure-esp/devices/a');
    const pair = ['--cert', join(device, 'client.crt'), '--key', join(device, 'client.key')];
    const seed = ['--cacert', join(script, 'ca/certs/ca.crt'), ...pair];
    const server = await serve(cwd);
    expect(await fetchAs(server, '/secure_esp.bin', seed)).toBe(0);
    await cli(cwd, 'pki', 'adopt', 'script', '--until', '90d');
    await expect.poll(() => fetchAs(server, '/secure_esp.bin', seed), { timeout: 15_000 }).toBe(404);
    await cli(cwd, 'pki', 'adopt', '--end');
    await expect.poll(() => fetchAs(server, '/secure_esp.bin', seed), { timeout: 15_000 }).toBe(0);
  }, 60_000);
});
