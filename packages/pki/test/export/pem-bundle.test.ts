import { createPrivateKey } from 'node:crypto';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { decryptPrivateKey, exportBundle, writeSecretFile } from '../../src/index.js';
import { type Fleet, makeFleet } from '../support/fleet.js';
import { greeter } from '../support/greeter.js';
import { describeWithTool, runTool } from '../support/run-tool.js';
import { tempDir } from '../support/temp-dir.js';
import { rejected } from '../support/thrown.js';

const PASSPHRASE = 'pä€ss phrase';
const BLOCK = /-----BEGIN ([A-Z ]+)-----[^-]+-----END \1-----\n/g;

let fleet: Fleet;
beforeAll(async () => {
  fleet = await makeFleet();
}, 60_000);

describe('a PEM bundle', () => {
  test('is key, certificate, rest of the chain, trusted CAs, and nothing else', async () => {
    const { device, deviceCa, ca } = fleet;
    const chain = [...device.chain, deviceCa];
    expect(await exportBundle({ ...device, chain })).toBe([device.privateKey, ...chain, ca].join(''));
    // a chain and a CA file in one text each
    expect(await exportBundle({ ...device, chain: [chain.join('')], trusted: [ca] })).toBe(
      [device.privateKey, ...chain, ca].join(''),
    );
    expect(await exportBundle({ ...device, trusted: [] })).toBe([device.privateKey, ...device.chain].join(''));
  });

  test('has a certificate once, among the trusted if it is one', async () => {
    const { operator, ca } = fleet;
    const bundle = await exportBundle({ ...operator, chain: [...operator.chain, ca], trusted: [ca, ca] });
    expect(bundle).toBe([operator.privateKey, ...operator.chain, ca].join(''));
  });

  test('ends lines with LF, whatever the input does', async () => {
    const { device } = fleet;
    const crlf = (pem: string): string => pem.replaceAll('\n', '\r\n');
    const given = { privateKey: crlf(device.privateKey), chain: device.chain.map(crlf), trusted: [crlf(fleet.ca)] };
    expect(await exportBundle(given)).toBe(await exportBundle(device));
  });

  test('has an encrypted key if there is a passphrase', async () => {
    const bundle = await exportBundle({ ...fleet.device, passphrase: PASSPHRASE, iterations: 100_000 });
    const [key = '', ...certificates] = bundle.match(BLOCK) ?? [];
    expect(certificates).toEqual([...fleet.device.chain, fleet.ca]);
    expect(await decryptPrivateKey(key, PASSPHRASE)).toBe(fleet.device.privateKey);
    expect(bundle).not.toContain('BEGIN PRIVATE KEY');
    expect(createPrivateKey({ key: bundle, passphrase: PASSPHRASE }).type).toBe('private');
    await rejected(exportBundle({ ...fleet.device, passphrase: '' }), 'ERR_PKI_PASSPHRASE');
  });

  test('is not made of parts that do not belong together', async () => {
    const { device, operator } = fleet;
    await rejected(exportBundle({ ...device, privateKey: operator.privateKey }), 'ERR_PKI_KEY');
    await rejected(exportBundle({ ...device, chain: [...device.chain, fleet.ca] }), 'ERR_PKI_CERTIFICATE');
    await rejected(exportBundle({ ...device, trusted: operator.chain }), 'ERR_PKI_NOT_CA');
  });
});

describe('writeSecretFile', () => {
  test('writes 0600 and never over a file, unless told to', async () => {
    const path = join(await tempDir(), 'bundle.pem');
    await writeSecretFile(path, 'first');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await rejected(writeSecretFile(path, 'second'), 'ERR_PKI_EXISTS')).path).toBe(path);
    expect(await readFile(path, 'utf8')).toBe('first');
    await writeFile(path, 'mode of somebody else', { mode: 0o644 });
    await writeSecretFile(path, Buffer.of(0, 0xff), { existing: 'replace' });
    expect(await readFile(path)).toEqual(Buffer.of(0, 0xff));
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });
});

describeWithTool({ command: 'curl', versionArgs: ['--version'] }, 'curl and a bundle', () => {
  test.each([undefined, PASSPHRASE])('takes one file for everything (passphrase: %s)', async (passphrase) => {
    const path = join(await tempDir(), 'bundle.pem');
    const options = passphrase === undefined ? {} : { passphrase, iterations: 100_000 };
    await writeFile(path, await exportBundle({ ...fleet.device, ...options }));
    const port = await greeter(fleet);
    const args = ['-sS', '--noproxy', '*', '--connect-to', `localhost:${port}:127.0.0.1:${port}`, '--cacert', path];
    const pass = passphrase === undefined ? [] : ['--pass', passphrase];
    const result = await runTool('curl', [...args, '--cert', path, ...pass, `https://localhost:${port}/`]);
    expect(result).toEqual({ ok: true, output: 'hello esp-001' });
  });
});
