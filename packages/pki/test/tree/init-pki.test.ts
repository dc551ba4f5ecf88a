import { chmod, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createPublicKey, X509Certificate } from 'node:crypto';
import { initPki, openPki, parseCertificate, type PkiProgress } from '../../src/index.js';
import { contents, snapshot } from '../support/tree-files.js';
import { tempDir } from '../support/temp-dir.js';
import { rejected } from '../support/thrown.js';

const modeOf = async (path: string): Promise<string> => ((await stat(path)).mode & 0o777).toString(8);

describe('a new tree', () => {
  test('has the files of the seed, the device CA, and a record of everything', async () => {
    const dir = join(await tempDir(), 'deep', 'tree');
    const events: PkiProgress[] = [];
    const tree = await initPki({ dir, onProgress: (event) => events.push(event) });
    const files = Object.keys(await snapshot(dir)).sort();
    expect(files.filter((name) => !name.startsWith('issued/'))).toEqual([
      'ca/certs/ca.crt',
      'ca/certs/client.crt',
      'ca/certs/server.crt',
      'ca/certs/update_cert.pem',
      'ca/crl/ca.crl',
      'ca/keys/ca.key',
      'ca/keys/client.key',
      'ca/keys/server.key',
      'ca/keys/update_key.pem',
      'device-ca/certs/device-ca.crt',
      'device-ca/crl/device-ca.crl',
      'device-ca/keys/device-ca.key',
      'devices/esp-001/ca.crt',
      'devices/esp-001/client.crt',
      'devices/esp-001/client.key',
      'main/mqtt_certs/ca.crt',
      'main/mqtt_certs/client.crt',
      'main/mqtt_certs/client.key',
      'main/ota_certs/ca.crt',
      'main/ota_certs/update_cert.pem',
      'release-keys/release.pem',
      'release-keys/release.pub.pem',
      'secure_boot_signing_key.pem',
    ]);
    expect(files.filter((name) => /^issued\/[0-9A-F]{32}\.json$/.test(name))).toHaveLength(6);
    expect([...tree.created].sort()).toEqual(files);
    expect(events.map(({ path }) => path)).toEqual(tree.created);
    expect(events[0]?.step).toBe('write ca/keys/ca.key');
  });

  test('gives every party its pair and the CA it trusts', async () => {
    const tree = await initPki({ dir: await tempDir(), operator: 'alice', devices: ['a', 'b'], chips: [] });
    expect([tree.broker.cn, tree.ota.cn, tree.operator.cn]).toEqual(['broker', 'ota', 'alice']);
    expect(await tree.devices()).toEqual(['a', 'b']);
    const device = await tree.device('b');
    expect(device.cn).toBe('b');
    for (const party of [tree.broker, tree.ota, tree.operator, device]) {
      expect(party.ca).toBe(tree.ca);
      expect(await readFile(party.caPath, 'utf8')).toBe(tree.ca);
      expect(await readFile(party.certPath, 'utf8')).toBe(party.cert);
      expect(await readFile(party.keyPath, 'utf8')).toBe(party.key);
    }
    const ca = createPublicKey(tree.ca);
    const deviceCa = createPublicKey(tree.deviceCa);
    for (const { cert } of [tree.broker, tree.ota, tree.operator])
      expect(new X509Certificate(cert).verify(ca)).toBe(true);
    expect(new X509Certificate(device.cert).verify(deviceCa)).toBe(true);
    expect(new X509Certificate(device.cert).verify(ca)).toBe(false);
    const mqtt = await readFile(tree.paths.mqttClientCert, 'utf8');
    expect(mqtt).toBe((await tree.device('a')).cert);
    expect(await readFile(tree.paths.otaCertsUpdateCert, 'utf8')).toBe(tree.ota.cert);
  });

  test.skipIf(process.platform === 'win32')('closes keys and their directories to others', async () => {
    const dir = join(await tempDir(), 'tree');
    const tree = await initPki({ dir, chips: ['esp32', 'esp32c6'] });
    for (const name of Object.keys(await snapshot(dir))) {
      const secret = name.endsWith('.key') || /_key\.pem$|release\.pem$|firmware-keys/.test(name);
      expect([name, await modeOf(join(dir, name))]).toEqual([name, secret ? '600' : '644']);
    }
    const closed = [
      '',
      'ca/keys',
      'device-ca/keys',
      'devices/esp-001',
      'main/mqtt_certs',
      'firmware-keys',
      'release-keys',
    ];
    for (const name of closed) expect([name, await modeOf(join(tree.dir, name))]).toEqual([name, '700']);
  });

  test('in an existing project folder leaves that folder’s mode alone', async () => {
    const dir = await tempDir();
    await chmod(dir, 0o755);
    await initPki({ dir, chips: ['esp32'] });
    expect(await modeOf(dir)).toBe('755');
  });

  test('follows an injected clock', async () => {
    const now = (): Date => new Date('2045-01-01T00:00:00Z');
    const tree = await initPki({ dir: await tempDir(), now, chips: [] });
    expect(parseCertificate(tree.ca).notAfter).toEqual(new Date('2064-12-27T00:00:00Z'));
    expect(parseCertificate(tree.broker.cert).notBefore).toEqual(new Date('2044-12-31T00:00:00Z'));
  });
});

describe('a further run', () => {
  test('touches nothing that is there', async () => {
    const dir = await tempDir();
    const options = {
      dir,
      hosts: ['Broker.local', '10.0.0.1'],
      devices: ['a', 'b'],
      chips: ['esp32', 'esp32c6'],
    } as const;
    await initPki(options);
    const before = await snapshot(dir);
    const again = await initPki(options);
    expect(again.created).toEqual([]);
    expect(await snapshot(dir)).toEqual(before);
    expect((await initPki({ dir })).created).not.toEqual([]);
    expect((await initPki({ dir, devices: [], chips: [] })).created).toEqual([]);
  });

  test('adds devices and keys only', async () => {
    const dir = await tempDir();
    await initPki({ dir });
    const before = await snapshot(dir);
    const { created } = await initPki({ dir, devices: ['esp-002', 'esp-001'], chips: ['esp32c6'] });
    expect(created.filter((name) => !name.startsWith('issued/'))).toEqual([
      'devices/esp-002/client.key',
      'devices/esp-002/client.crt',
      'devices/esp-002/ca.crt',
      'firmware-keys/v2-ecdsa-p256.pem',
    ]);
    expect(await snapshot(dir)).toMatchObject(before);
  });

  test('issues only the server certificates again when a host is new, for the same keys', async () => {
    const dir = await tempDir();
    const first = await initPki({ dir, chips: [] });
    const second = await initPki({ dir, hosts: ['broker.local', '127.0.0.1'], chips: [] });
    expect(second.created.filter((name) => !name.startsWith('issued/'))).toEqual([
      'ca/certs/server.crt',
      'ca/certs/update_cert.pem',
      'main/ota_certs/update_cert.pem',
    ]);
    for (const role of ['broker', 'ota'] as const) {
      expect(second[role].key).toBe(first[role].key);
      expect(parseCertificate(second[role].cert).san).toEqual({
        dns: ['localhost', 'broker.local'],
        ip: ['127.0.0.1', '::1'],
      });
    }
    expect(second.operator).toEqual(first.operator);
    // a run without hosts, or with fewer, is content
    expect((await initPki({ dir, chips: [] })).created).toEqual([]);
    expect((await initPki({ dir, hosts: ['broker.local'], chips: [] })).created).toEqual([]);
  });

  test('issues certificates whose time is over again, for the same keys', async () => {
    const dir = await tempDir();
    const first = await initPki({ dir, chips: [], now: () => new Date('2030-01-01T00:00:00Z') });
    const now = (): Date => new Date('2033-01-01T00:00:00Z');
    const second = await initPki({ dir, chips: [], now });
    expect(second.created.filter((name) => !name.startsWith('issued/'))).toEqual([
      'ca/certs/server.crt',
      'ca/certs/update_cert.pem',
      'ca/certs/client.crt',
      'ca/crl/ca.crl',
      'device-ca/crl/device-ca.crl',
      'main/ota_certs/update_cert.pem',
    ]);
    expect(second.operator.key).toBe(first.operator.key);
    expect(parseCertificate(second.broker.cert).san).toEqual(parseCertificate(first.broker.cert).san);
    const third = await initPki({ dir, chips: [], now: () => new Date('2040-06-01T00:00:00Z') });
    expect(third.created).toContain('devices/esp-001/client.crt');
    expect(third.created).toContain('main/mqtt_certs/client.crt');
    expect(third.created).not.toContain('main/mqtt_certs/client.key');
  });

  test('keeps a firmware key made by hand, closing it to others', async () => {
    const source = await initPki({ dir: await tempDir() });
    const dir = await tempDir();
    const key = await source.firmwareKey('v1-ecdsa-p256');
    const path = join(dir, 'secure_boot_signing_key.pem');
    await writeFile(path, key, { mode: 0o644 });
    const tree = await initPki({ dir });
    expect(await tree.firmwareKey('v1-ecdsa-p256')).toBe(key);
    expect(tree.created).not.toContain('secure_boot_signing_key.pem');
    expect(await modeOf(path)).toBe('600');
  });

  test('works without the CA keys as long as nothing is to be signed', async () => {
    const dir = await tempDir();
    const { paths } = await initPki({ dir, chips: [] });
    await rm(paths.caKey);
    await rename(paths.deviceCaKey, join(dir, 'offline.key'));
    expect((await initPki({ dir, chips: [] })).created).toEqual([]);
    const tree = await openPki(dir);
    const error = await rejected(tree.issueDevice('esp-002'), 'ERR_PKI_KEY');
    expect(error.message).toContain(paths.deviceCaKey);
    await rename(join(dir, 'offline.key'), paths.deviceCaKey);
    expect((await tree.issueDevice('esp-002')).cn).toBe('esp-002');
  });
});

describe('names', () => {
  test.each([
    [{ devices: ['a/b'] }, 'ERR_PKI_NAME', 'CN'],
    [{ devices: ['x'.repeat(65)] }, 'ERR_PKI_NAME', 'CN'],
    [{ devices: ['operator'] }, 'ERR_PKI_NAME', 'CN'],
    [{ devices: ['alice'], operator: 'Alice' }, 'ERR_PKI_NAME', 'operator'],
    [{ operator: 'a b' }, 'ERR_PKI_NAME', 'CN'],
    [{ hosts: ['256.1.1.1'] }, 'ERR_PKI_SAN', 'dns'],
    [{ hosts: [] }, 'ERR_PKI_SAN', 'san'],
    [{ chips: ['esp8266' as never] }, 'ERR_PKI_OPTION', 'chips'],
  ] as const)('%j is refused before anything is written', async (options, code, field) => {
    const dir = join(await tempDir(), 'tree');
    const error = await rejected(initPki({ dir, ...options }), code);
    expect(error.field).toBe(field);
    await expect(stat(dir)).rejects.toHaveProperty('code', 'ENOENT');
  });

  test('a device cannot have the name of another role, nor an operator that of a device', async () => {
    const dir = await tempDir();
    const tree = await initPki({ dir, operator: 'alice', devices: ['esp-001'], chips: [] });
    for (const id of ['alice', 'ALICE', 'operator', 'broker', 'ota', 'ESP-001']) {
      await rejected(tree.issueDevice(id), 'ERR_PKI_NAME');
      await rejected(initPki({ dir, devices: [id] }), 'ERR_PKI_NAME');
    }
    expect(await readdir(tree.paths.devicesDir)).toEqual(['esp-001']);
    const other = await initPki({ dir: await tempDir(), devices: ['bob'], chips: [] });
    await rm(other.paths.operatorCert);
    await rejected(initPki({ dir: other.dir, operator: 'bob' }), 'ERR_PKI_NAME');
  });

  test('the operator of a tree does not change by asking for another', async () => {
    const dir = await tempDir();
    await initPki({ dir, operator: 'alice', chips: [] });
    expect((await rejected(initPki({ dir, operator: 'bob' }), 'ERR_PKI_NAME')).field).toBe('operator');
    expect((await initPki({ dir, chips: [] })).operator.cn).toBe('alice');
  });
});

describe('an opened tree', () => {
  test('is equal to the one that was made', async () => {
    const dir = await tempDir();
    const made = await initPki({ dir, chips: ['esp32'] });
    const opened = await openPki(dir);
    const values = ({
      ca,
      deviceCa,
      broker,
      ota,
      operator,
      releaseKey,
      releaseKeyId,
      releasePublicKey,
    }: typeof made) => ({ ca, deviceCa, broker, ota, operator, releaseKey, releaseKeyId, releasePublicKey });
    expect(values(opened)).toEqual(values(made));
    expect(opened.created).toEqual([]);
    expect(opened.releaseKeyId).toMatch(/^[0-9a-f]{64}$/);
    expect(await opened.device('esp-001')).toEqual(await made.device('esp-001'));
  });

  test('is missing: the error says what to run', async () => {
    const dir = await tempDir();
    for (const path of [dir, join(dir, 'none')]) {
      expect((await rejected(openPki(path), 'ERR_PKI_NOT_FOUND')).message).toContain('secure-esp pki init');
    }
    const { paths } = await initPki({ dir, chips: [] });
    await rm(paths.otaCert);
    expect((await rejected(openPki(dir), 'ERR_PKI_NOT_FOUND')).path).toBe(paths.otaCert);
  });

  test('issues devices once, and knows the unknown', async () => {
    const dir = await tempDir();
    await initPki({ dir, chips: [] });
    const tree = await openPki(dir);
    const issued = await tree.issueDevice('esp-002');
    expect(await tree.issueDevice('esp-002')).toEqual(issued);
    expect(await tree.devices()).toEqual(['esp-001', 'esp-002']);
    await rejected(tree.device('esp-003'), 'ERR_PKI_UNKNOWN_DEVICE');
    await rejected(tree.device('../ca'), 'ERR_PKI_NAME');
    const many = await Promise.all(['x', 'y', 'x', 'z', 'x'].map((id) => tree.issueDevice(id)));
    expect(many[0]).toEqual(many[4]);
    expect(await tree.devices()).toEqual(['esp-001', 'esp-002', 'x', 'y', 'z']);
  });

  test('makes firmware keys when asked, and only then', async () => {
    const dir = await tempDir();
    const tree = await initPki({ dir, chips: [] });
    const error = await rejected(tree.firmwareKey('v2-ecdsa-p256'), 'ERR_PKI_NOT_FOUND');
    expect(error.path).toBe(tree.paths.firmwareKeys['v2-ecdsa-p256']);
    const key = await tree.ensureFirmwareKey('v2-ecdsa-p256');
    expect(await tree.ensureFirmwareKey('v2-ecdsa-p256')).toBe(key);
    expect(await tree.firmwareKey('v2-ecdsa-p256')).toBe(key);
    await rejected(tree.firmwareKey('../../x' as never), 'ERR_PKI_OPTION');
  });

  test('a later abort of the first run’s signal does not stop later calls', async () => {
    const controller = new AbortController();
    const tree = await initPki({ dir: await tempDir(), chips: [], signal: controller.signal });
    controller.abort();
    expect((await tree.issueDevice('esp-002')).cn).toBe('esp-002');
  });
});

test('the copies for the firmware project never overwrite somebody else’s pair', async () => {
  const dir = await tempDir();
  const other = await initPki({ dir: await tempDir(), chips: [] });
  await mkdir(join(dir, 'main', 'mqtt_certs'), { recursive: true });
  const keyPath = join(dir, 'main', 'mqtt_certs', 'client.key');
  await writeFile(keyPath, (await other.device('esp-001')).key);
  expect((await rejected(initPki({ dir, chips: [] }), 'ERR_PKI_EXISTS')).path).toBe(keyPath);
  const certPath = join(dir, 'main', 'mqtt_certs', 'client.crt');
  await writeFile(certPath, (await other.device('esp-001')).cert);
  expect((await rejected(initPki({ dir, chips: [] }), 'ERR_PKI_EXISTS')).path).toBe(certPath);
  expect((await contents(dir))['main/mqtt_certs/client.key']).toBe((await other.device('esp-001')).key);
});
