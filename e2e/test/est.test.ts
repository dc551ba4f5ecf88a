import { buildImage } from '@secure-esp/firmware-image';
import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { describe, expect, onTestFinished, test } from 'vitest';
import { temporaryFolder } from './support/environment.js';
import { runCli, startCli, type Program } from './support/program.js';

interface World {
  readonly dir: string;
  readonly est: string;
  readonly grace: string;
  readonly server: Program;
  readonly run: (...args: string[]) => Promise<string>;
}

/** A tree, its enrolment server, and nobody enrolled but the device that `pki init` makes. */
async function world(...serve: string[]): Promise<World> {
  const dir = await temporaryFolder();
  const run = async (...args: string[]): Promise<string> => {
    const { code, output } = await runCli(args, dir);
    expect([args, output, code]).toEqual([args, output, 0]);
    return output;
  };
  await run('pki', 'init');
  const server = startCli(['est', 'serve', '--port', '0', '--grace-port', '0', ...serve], dir);
  onTestFinished(async () => {
    await server.stop();
  });
  const [, est = ''] = await server.waitFor(/enrolment on https:\/\/127\.0\.0\.1:([0-9]+)/);
  const [, grace = ''] = await server.waitFor(/expired devices renew on https:\/\/127\.0\.0\.1:([0-9]+)/);
  return { dir, est: `https://localhost:${est}`, grace: `https://localhost:${grace}`, server, run };
}

const CA = '.secure-esp/ca/certs/ca.crt';
const mode = async (path: string): Promise<number> => (await stat(path)).mode & 0o777;

/** One TLS handshake with a broker. TLS 1.2: a client of TLS 1.3 hears of a refusal later. */
async function knock(port: number, folder: string, dir: string): Promise<string> {
  const [ca, cert, key] = await Promise.all(
    [join(dir, CA), join(folder, 'client.crt'), join(folder, 'client.key')].map((path) => readFile(path)),
  );
  const socket = connect({ port, host: '127.0.0.1', servername: 'localhost', ca, cert, key, maxVersion: 'TLSv1.2' });
  return new Promise((resolve) => {
    socket.once('secureConnect', () => {
      resolve('welcome');
      socket.destroy();
    });
    socket.once('error', (error: Error) => {
      resolve(error.message);
    });
  });
}

describe('enrolment of real processes', () => {
  test('a virtual device enrols by its claim, connects, renews by itself, and is refused once it is revoked', async () => {
    const { dir, est, server, run } = await world();
    await writeFile(join(dir, 'app.bin'), await buildImage({ chip: 'esp32', project: 'secure_esp', version: '1.0.0' }));
    await run('image', 'sign', 'app.bin', '-o', 'signed.bin');
    expect(await run('pki', 'claim', 'esp-101', '--out', 'claims.json')).toBe('made claims.json with 1 claim(s)\n');
    const broker = startCli(['broker', 'run', '--operator-port', '0', '--device-port', '0'], dir);
    onTestFinished(async () => {
      await broker.stop();
    });
    const [, devices = ''] = await broker.waitFor(/devices on ([0-9]+)/);
    const sim = (...more: string[]): Program => {
      const url = ['--url', `mqtts://localhost:${devices}`, '--firmware', 'signed.bin', '--no-checks'];
      const program = startCli(['sim', 'esp-101', ...url, '--est', est, ...more], dir);
      onTestFinished(async () => {
        await program.stop();
      });
      return program;
    };

    const nobody = sim();
    expect(await nobody.ended).toBe(1);
    expect(nobody.output()).toMatch(/esp-101 has no certificate yet\.\nGive it a claim/);

    const first = sim('--claims', 'claims.json');
    const [, serial = ''] = await first.waitFor(/esp-101 +enrolled, ([0-9A-F]+)/);
    await first.waitFor(/booted and connected/);
    expect(await first.stop()).toBe(130);
    await server.waitFor(new RegExp(`"type":"enrolled","deviceId":"esp-101","serial":"${serial}","again":false`));
    const folder = join(dir, '.secure-esp/flash/esp-101');
    for (const file of ['client.key', 'client.crt', 'ca.crt', 'device-ca.crt']) {
      expect([file, await mode(join(folder, file))]).toEqual([file, 0o600]);
    }
    expect(JSON.parse(await run('pki', 'claims', '--json'))).toMatchObject([
      { name: 'esp-101', state: 'used', serial },
    ]);

    // switched on again: it is the same device, and needs neither claim nor server
    const second = sim();
    await second.waitFor(/booted and connected/);
    expect(await second.stop()).toBe(130);
    expect(second.output()).not.toMatch(/enrolled|renewed/);

    const key = await readFile(join(folder, 'client.key'), 'utf8');
    const third = sim('--renew-at', '0');
    const [, renewed = ''] = await third.waitFor(/esp-101 +renewed, ([0-9A-F]+)/);
    await third.waitFor(/booted and connected/);
    expect(await third.stop()).toBe(130);
    expect(renewed).not.toBe(serial);
    expect(await readFile(join(folder, 'client.key'), 'utf8')).not.toBe(key);

    expect(await knock(Number(devices), folder, dir)).toBe('welcome');
    await run('pki', 'revoke', 'esp-101');
    await broker.waitFor(/revocation_lists_loaded/);
    const revoked = sim('--renew-at', '0');
    expect(await revoked.ended).toBe(1);
    expect(revoked.output()).toContain('403: The certificate has been revoked. (ERR_PKI_EST_REFUSED)');
    // with its certificate as it is, the broker refuses it
    expect(await knock(Number(devices), folder, dir)).not.toBe('welcome');
  });

  test('est enroll and renew: safe to repeat, keys 0600, the claim from a file or standard input only', async () => {
    const { dir, est, grace, run } = await world('--days', '30');
    const claims = JSON.parse(await run('pki', 'claim', 'esp-201', 'esp-202', '--json')) as { token: string }[];
    const enroll = ['est', 'enroll', 'esp-201', '--url', est, '--ca', CA, '--out', 'esp-201'];
    const without = await runCli(enroll, dir);
    expect([without.code, without.output]).toEqual([1, expect.stringContaining('answered 401') as string]);
    await writeFile(join(dir, 'token'), `${claims[0]?.token ?? ''}\n`);
    const made = JSON.parse(await run(...enroll, '--claim-file', 'token', '--json')) as Record<string, string>;
    expect(made).toMatchObject({ name: 'esp-201', changed: true, certificate: 'esp-201/client.crt' });
    expect(await mode(join(dir, 'esp-201'))).toBe(0o700);
    expect(await mode(join(dir, 'esp-201/client.key'))).toBe(0o600);
    expect(await run(...enroll, '--claim-file', 'token')).toContain('nothing was changed');

    const renew = ['est', 'renew', '--dir', 'esp-201'];
    expect(await run(...renew, '--url', est)).toContain('nothing was changed');
    for (const url of [est, grace]) {
      expect(await run(...renew, '--url', url, '--at', '0', '--new-key')).toMatch(
        /made esp-201\/client\.crt, [0-9A-F]+/,
      );
    }
    expect(await readdir(join(dir, 'esp-201'))).toEqual(['ca.crt', 'client.crt', 'client.key', 'device-ca.crt']);

    // the second claim is taken back before it is used
    expect(await run('pki', 'unclaim', 'esp-202')).toBe('took back the claim of esp-202\n');
    await writeFile(join(dir, 'claims'), JSON.stringify(claims));
    const late = await runCli(
      ['est', 'enroll', 'esp-202', '--url', est, '--ca', CA, '--out', 'esp-202', '--claim-file', 'claims'],
      dir,
    );
    expect([late.code, late.output]).toEqual([1, expect.stringContaining('answered 401') as string]);
    expect(late.output).not.toContain(claims[1]?.token);
  });

  test('a server that cannot write answers 503 and says why to its operator only', async () => {
    const { dir, est, server, run } = await world();
    await run('pki', 'claim', 'esp-301', '--out', 'claims.json');
    // the key of the device CA is kept elsewhere today
    const key = join(dir, '.secure-esp/device-ca/keys/device-ca.key');
    const pem = await readFile(key, 'utf8');
    await writeFile(key, '');
    const enroll = [
      'est',
      'enroll',
      'esp-301',
      '--url',
      est,
      '--ca',
      CA,
      '--out',
      'esp-301',
      '--claim-file',
      'claims.json',
    ];
    const refused = await runCli(enroll, dir);
    expect([refused.code, refused.output]).toEqual([
      1,
      expect.stringContaining('503: Certificates cannot be issued') as string,
    ]);
    expect(refused.output).not.toContain('device-ca.key');
    await server.waitFor(/"type":"failed".*device-ca\.key/);
    await writeFile(key, pem);
    await chmod(key, 0o600);
    // the same key and claim: what was begun is completed
    expect(await run(...enroll)).toContain('made esp-301/client.crt');
    await mkdir(join(dir, 'empty'));
    const none = await runCli(['est', 'renew', '--dir', 'empty', '--url', est], dir);
    expect([none.code, none.output]).toEqual([
      1,
      expect.stringContaining('there is no certificate in "empty"') as string,
    ]);
  });
});
