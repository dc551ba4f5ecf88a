import { readNvsImage } from '@secure-esp/firmware-image/nvs';
import { openPki } from '@secure-esp/pki';
import { X509Certificate } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { hasTools, temporaryFolder, workspaceRoot } from './support/environment.js';
import { mbedtlsBuilds } from './support/mbedtls-builds.js';
import { runCli, runProgram, startCli, type Program } from './support/program.js';

const firmware = join(workspaceRoot, 'firmware');
const component = join(firmware, 'components/secure_esp');

const hasPrograms = hasTools('gcc', 'openssl');

/** The portable sources of enrolment, as its list has them, and the part on PSA. */
async function enrolSources(): Promise<readonly string[]> {
  const list = await readFile(join(component, 'src/enrol/sources.cmake'), 'utf8');
  const portable = /SECURE_ESP_ENROL_PORTABLE_SOURCES\s([^)]*)\)/.exec(list)?.[1]?.trim().split(/\s+/) ?? [];
  expect(portable.length).toBeGreaterThan(3);
  return [...portable, 'src/enrol/enrol_psa.c'].map((path) => join(component, path));
}

interface World {
  readonly dir: string;
  readonly url: string;
  readonly server: Program;
  readonly run: (...args: string[]) => Promise<string>;
}

/** A tree and its enrolment server. */
async function world(): Promise<World> {
  const dir = await temporaryFolder();
  const run = async (...args: string[]): Promise<string> => {
    const { code, output } = await runCli(args, dir);
    expect([args, output, code]).toEqual([args, output, 0]);
    return output;
  };
  await run('pki', 'init');
  const server = startCli(['est', 'serve', '--port', '0'], dir);
  onTestFinished(async () => {
    await server.stop();
  });
  const [, port = ''] = await server.waitFor(/enrolment on https:\/\/127\.0\.0\.1:([0-9]+)/);
  return { dir, url: `https://localhost:${port}`, server, run };
}

const openssl = async (...args: string[]): Promise<string> => {
  const { code, output } = await runProgram('openssl', args);
  expect([args, output, code]).toEqual([args, output, 0]);
  return output;
};

/** What the program for the device says when a step is over. */
const DIED = 9;

/** The firmware's code for enrolment, on this machine. */
describe.skipIf(!hasPrograms).each(mbedtlsBuilds())('a device that enrols, on $name', ({ flags, libraries }) => {
  let folder: string;
  let program: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'secure-esp-e2e-'));
    program = join(folder, 'enrol_device');
    const sanitizers = ['-fsanitize=address,undefined', '-fno-sanitize-recover=all'];
    const warnings = ['-std=c11', '-D_DEFAULT_SOURCE', '-Wall', '-Wextra', '-Werror', '-Wconversion'];
    const sources = [...(await enrolSources()), join(firmware, 'test/enrol/device/enrol_device.c')];
    const include = `-I${join(component, 'private')}`;
    const args = ['-g', ...sanitizers, ...warnings, include, ...flags, ...sources, '-o', program, ...libraries];
    expect(await runProgram('gcc', args)).toEqual({ code: 0, output: '' });
  }, 120_000);

  afterAll(() => rm(folder, { recursive: true, force: true }));

  /** A device as `provision` leaves it: its flash is a folder. */
  class Device {
    readonly #ca: string;
    constructor(
      readonly id: string,
      readonly flash: string,
      readonly url: string,
      server: { readonly dir: string },
    ) {
      this.#ca = join(server.dir, `${id}-ca.pem`);
    }

    static async provisioned(id: string, { dir, url, run }: World, ...more: string[]): Promise<Device> {
      await run('provision', id, '--est-url', url, ...more);
      const entries = readNvsImage(await readFile(join(dir, 'provisioned', id, 'nvs.bin')));
      const values = Object.fromEntries(entries.map(({ key, value }) => [key, String(value)]));
      const device = new Device(id, join(dir, `flash-${id}`), values['est_url'] ?? '', { dir });
      await mkdir(device.flash, { recursive: true });
      await writeFile(device.#ca, values['est_ca'] ?? '');
      await writeFile(device.path('est_claim'), values['est_claim'] ?? '');
      expect(values['device_id']).toBe(id);
      return device;
    }

    path(name: string): string {
      return join(this.flash, name);
    }

    async step(mode: 'enrol' | 'renew' = 'enrol', number = -1): Promise<{ code: number; output: string }> {
      return runProgram(program, [this.flash, this.id, this.url, this.#ca, mode, String(number)]);
    }

    trust(ca: string): Promise<void> {
      return writeFile(this.#ca, ca);
    }

    async certificate(): Promise<X509Certificate> {
      return new X509Certificate(await readFile(this.path('cert')));
    }
  }

  test('gets a certificate for a key that never left it, by its claim, and OpenSSL agrees with all of it', async () => {
    const at = await world();
    const device = await Device.provisioned('esp-301', at);
    expect(await device.step()).toEqual({ code: 0, output: 'done 0\n' });
    await at.server.waitFor(/"type":"enrolled","deviceId":"esp-301","serial":"[0-9A-F]+","again":false/);
    expect(existsSync(device.path('est_claim'))).toBe(false);

    const request = join(at.dir, 'request.der');
    await writeFile(request, Buffer.from(await readFile(device.path('key.csr'), 'utf8'), 'base64'));
    const seen = await openssl('req', '-inform', 'DER', '-in', request, '-verify', '-noout', '-subject', '-pubkey');
    expect(seen).toMatch(/self-signature verify OK/);
    expect(seen).toMatch(/subject=CN ?= ?esp-301/);
    const publicKey = await openssl('pkey', '-in', device.path('key'), '-pubout');
    expect(seen).toContain(publicKey);
    expect(await openssl('x509', '-in', device.path('cert'), '-noout', '-pubkey')).toBe(publicKey);
    expect(await openssl('pkey', '-in', device.path('key'), '-check', '-noout')).toContain('valid');
    const { deviceCa } = await openPki(join(at.dir, '.secure-esp'));
    const ca = join(at.dir, 'device-ca.pem');
    await writeFile(ca, deviceCa);
    const verified = ['verify', '-x509_strict', '-purpose', 'sslclient', '-CAfile', ca, device.path('cert')];
    expect(await openssl(...verified)).toContain(': OK');
    const claims = JSON.parse(await at.run('pki', 'claims', '--json')) as unknown;
    expect(claims).toMatchObject([
      { name: 'esp-301', state: 'used', serial: (await device.certificate()).serialNumber },
    ]);
    expect(await device.step()).toEqual({ code: 0, output: 'done 0\n' });
  });

  test('comes to the same end wherever the power goes: one key, one certificate, no claim left', async () => {
    const at = await world();
    let died = 0;
    for (let step = 0; ; step += 1) {
      const id = `esp-1${String(step).padStart(2, '0')}`;
      const device = await Device.provisioned(id, at);
      const { code, output } = await device.step('enrol', step);
      if (code === 0) {
        expect(output).toBe('done 0\n');
        break;
      }
      expect([code, output]).toEqual([DIED, '']);
      died += 1;
      expect(await device.step()).toEqual({ code: 0, output: 'done 0\n' });
      expect(existsSync(device.path('est_claim'))).toBe(false);
      const listed = JSON.parse(await at.run('pki', 'list', '--json')) as { name: string; serial: string }[];
      const mine = listed.filter(({ name }) => name === id).map(({ serial }) => serial);
      expect([id, mine]).toEqual([id, [(await device.certificate()).serialNumber]]);
    }
    // before and after: key stored, request, certificate stored, claim erased
    expect(died).toBe(8);
  });

  test('renews with the certificate that it has, for the same key, once it is due', async () => {
    const at = await world();
    const device = await Device.provisioned('esp-302', at);
    await device.step();
    const [first, key] = [await device.certificate(), await readFile(device.path('key'), 'utf8')];
    const now = Math.floor(Date.now() / 1000);
    const early = await device.step('renew', now);
    expect(early.output).toMatch(/^done [0-9]{6,}\n$/);
    const due = now + Number(early.output.slice(5));
    expect((await device.step('renew', due - 1)).output).toBe('done 1\n');
    expect((await device.certificate()).serialNumber).toBe(first.serialNumber);
    expect(await device.step('renew', due)).toEqual({ code: 0, output: 'done 0\n' });
    const second = await device.certificate();
    expect(second.serialNumber).not.toBe(first.serialNumber);
    expect(second.publicKey.equals(first.publicKey)).toBe(true);
    expect(await readFile(device.path('key'), 'utf8')).toBe(key);
    await at.server.waitFor(new RegExp(`"type":"reenrolled".*"replaces":"${first.serialNumber}"`));

    await at.run('pki', 'revoke', 'esp-302');
    expect((await device.step('renew', 4_000_000_000)).output).toMatch(/^wait 4 403 [0-9]+\n$/);
    expect((await device.certificate()).serialNumber).toBe(second.serialNumber);
  });

  test('asks later, and rarely, where it is refused; and talks to no server that its CA does not vouch for', async () => {
    const at = await world();
    const device = await Device.provisioned('esp-303', at);
    const token = await readFile(device.path('est_claim'), 'utf8');
    await writeFile(
      device.path('est_claim'),
      token.replace(/^./, (first) => (first === 'A' ? 'B' : 'A')),
    );
    const hourly = /^wait 3 (401|403) (3[6-9]|4[0-9]|5[0-4])[0-9]{2}\n$/;
    expect((await device.step()).output).toMatch(hourly);
    await writeFile(device.path('est_claim'), token);

    const { ca: trusted, deviceCa } = await openPki(join(at.dir, '.secure-esp'));
    await device.trust(deviceCa);
    expect((await device.step()).output).toMatch(/^wait 1 0 [5-7]\n$/);
    await device.trust(trusted);

    // a claim that was used for another key: a device whose flash was erased after the request
    const { mtimeMs } = await stat(device.path('key'));
    await rename(device.path('key'), device.path('key.lost'));
    expect(await device.step('enrol', 4)).toEqual({ code: DIED, output: '' });
    expect(existsSync(device.path('cert'))).toBe(false);
    await rename(device.path('key.lost'), device.path('key'));
    expect((await stat(device.path('key'))).mtimeMs).toBe(mtimeMs);
    expect((await device.step()).output).toMatch(hourly);
    await at.server.waitFor(/"code":"claim_bound"/);

    // which an operator repairs: provisioned again, it is a new claim
    const again = await Device.provisioned('esp-303', at, '--reprovision', '--force');
    expect(await again.step()).toEqual({ code: 0, output: 'done 0\n' });
    await at.server.stop();
    const alone = new Device('esp-304', join(at.dir, 'flash-esp-304'), at.url, at);
    await mkdir(alone.flash);
    await writeFile(alone.path('est_claim'), 'x'.repeat(43));
    await alone.trust(trusted);
    expect((await alone.step()).output).toMatch(/^wait 1 0 [5-7]\n$/);
    await rm(alone.path('est_claim'));
    expect((await alone.step()).output).toBe('stuck 9\n');
  });
});
