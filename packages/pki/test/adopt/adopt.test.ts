import { X509Certificate } from 'node:crypto';
import { cp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, afterAll, expect, test } from 'vitest';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { adoptPki, initPki, openPki, parseCrl } from '../../src/index.js';
import { makeScriptTree } from '../support/script-tree.js';
import { tempDir } from '../support/temp-dir.js';
import { contents, snapshot } from '../support/tree-files.js';
import { rejected } from '../support/thrown.js';
import { describeWithOpenssl, openssl } from '../support/tools.js';

const DAY_MS = 86_400_000;

describeWithOpenssl('adopting a tree of certificate_creation.sh', () => {
  let from: string;
  beforeAll(() => {
    from = makeScriptTree(mkdtempSync(join(tmpdir(), 'secure-esp-script-')));
  });
  afterAll(() => {
    rmSync(from, { recursive: true, force: true });
  });
  const at = (name: string): string => join(from, name);

  test('makes a tree with its signing key, trusts its CA for operators only, and never copies its CA key', async () => {
    const dir = await tempDir();
    const { tree, report } = await adoptPki({ dir, from, devices: ['a'] });
    expect(report.signingKey).toBe('taken');
    expect(await tree.firmwareKey('v1-ecdsa-p256')).toBe(await readFile(at('secure_boot_signing_key.pem'), 'utf8'));
    expect(report.operators.map(({ path }) => path.slice(from.length + 1))).toEqual([
      'ca/certs/client.crt',
      'ca/certs/server.crt',
      'ca/certs/update_cert.pem',
    ]);
    const opened = await openPki(dir);
    const theirs = await readFile(at('ca/certs/ca.crt'), 'utf8');
    expect(opened.adopted).toMatchObject({ certificate: theirs, until: report.ca.until });
    expect(Math.round((report.ca.until.getTime() - Date.now()) / DAY_MS)).toBe(180);
    expect(opened.ca).not.toContain(theirs);
    expect(opened.deviceCa).not.toContain(theirs);
    const { operatorCas, operatorCrls, brokerChain, crl } = opened.paths.adopted;
    expect(await readFile(operatorCas, 'utf8')).toBe(opened.ca + theirs);
    const list = await readFile(crl, 'utf8');
    expect(await readFile(operatorCrls, 'utf8')).toBe(`${(await opened.crls()).servers?.crl ?? ''}${list}`);
    expect(openssl(['crl', '-in', crl, '-CAfile', at('ca/certs/ca.crt'), '-verify', '-noout']).output).toContain('OK');
    expect(parseCrl(list).revoked.size).toBe(0);
    const secrets = Object.values(await contents(dir)).join();
    const caKey = (await readFile(at('ca/keys/ca.key'), 'utf8')).split('\n')[3] ?? '';
    expect(secrets).not.toContain(caKey);

    // who trusts only the old CA recognises our broker by the bridge, who trusts ours needs none
    const bridge = ['verify', '-untrusted', brokerChain, '-purpose', 'sslserver', '-verify_hostname', 'localhost'];
    expect(openssl([...bridge, '-CAfile', at('ca/certs/ca.crt'), opened.paths.brokerCert]).output).toContain('OK');
    expect(openssl([...bridge, '-x509_strict', '-CAfile', opened.paths.caCert, brokerChain]).output).toContain('OK');
    expect((await initPki({ dir, devices: ['a'] })).created).toEqual([]);
  });

  test('a copy of the OTA server’s part alone has the bridge, too', async () => {
    const dir = await tempDir();
    await adoptPki({ dir, from });
    const whole = await openPki(dir);
    const { brokerCert, brokerKey, operatorCert, operatorKey, releaseKey } = whole.paths;
    for (const file of [brokerCert, brokerKey, operatorCert, operatorKey, releaseKey]) await rm(file);
    const { adopted } = await openPki(dir, { parts: ['ota'] });
    expect(adopted?.cross).toBeTypeOf('string');
    expect(adopted).toEqual(whole.adopted);
    await writeFile(brokerCert, 'damaged');
    expect((await openPki(dir, { parts: ['ota'] })).adopted).toEqual(adopted);
  });

  test('changes nothing when it is repeated, and moves the end only when it is told to', async () => {
    const dir = await tempDir();
    const until = new Date(Math.floor(Date.now() / 1000) * 1000 + 30 * DAY_MS);
    await adoptPki({ dir, from, until });
    const before = await snapshot(dir);
    const again = await adoptPki({ dir, from, now: () => new Date(Date.now() + DAY_MS) });
    expect(again.report.ca.until).toEqual(until);
    expect(again.report.signingKey).toBe('same');
    expect(await snapshot(dir)).toEqual(before);
    const sooner = new Date(until.getTime() - 10 * DAY_MS);
    await again.tree.adopt({ from, until: sooner });
    expect((await openPki(dir)).adopted?.until).toEqual(sooner);
    const caEnd = new Date(new X509Certificate(await readFile(at('ca/certs/ca.crt'))).validTo);
    await rejected(again.tree.adopt({ from, until: new Date(caEnd.getTime() + 1000) }), 'ERR_PKI_VALIDITY');
    await rejected(again.tree.adopt({ from, until: new Date(Date.now() - 1000) }), 'ERR_PKI_VALIDITY');
  });

  test('is over at its end by itself, and earlier when it is ended', async () => {
    const dir = await tempDir();
    const { tree, report } = await adoptPki({ dir, from, until: new Date(Date.now() + 30 * DAY_MS) });
    const { until } = report.ca;
    expect((await openPki(dir, { now: () => new Date(until.getTime() - 1) })).adopted).toBeDefined();
    const after = await openPki(dir, { now: () => until });
    expect(after.adopted).toBeUndefined();
    await after.refreshCrls();
    expect(await readFile(tree.paths.adopted.operatorCas, 'utf8')).toBe(tree.ca);
    await tree.refreshCrls();
    expect(await readFile(tree.paths.adopted.operatorCas, 'utf8')).not.toBe(tree.ca);
    expect(await tree.endAdoption()).toBe(true);
    expect((await openPki(dir)).adopted).toBeUndefined();
    // a configuration that names these files goes on working
    expect(await readFile(tree.paths.adopted.operatorCas, 'utf8')).toBe(tree.ca);
    expect(await readFile(tree.paths.adopted.brokerChain, 'utf8')).toBe(tree.broker.cert);
    expect(await tree.endAdoption()).toBe(false);
  });

  test('takes its signing key into a tree that has none, and makes no device there', async () => {
    const dir = await tempDir();
    const tree = await initPki({ dir, chips: ['esp32s3'], devices: ['x'] });
    expect((await adoptPki({ dir, from })).report.signingKey).toBe('taken');
    expect(await tree.devices()).toEqual(['x']);
  });

  test('keeps a signing key that is there, and refuses to go on without being told so', async () => {
    const dir = await tempDir();
    const tree = await initPki({ dir });
    const ours = await tree.firmwareKey('v1-ecdsa-p256');
    const error = await rejected(adoptPki({ dir, from }), 'ERR_PKI_EXISTS');
    expect(error.path).toBe(tree.paths.firmwareKeys['v1-ecdsa-p256']);
    expect((await openPki(dir)).adopted).toBeUndefined();
    expect(await tree.devices()).toEqual(['esp-001']);
    const { report } = await adoptPki({ dir, from, keepSigningKey: true });
    expect(report.signingKey).toBe('kept_ours');
    expect(await tree.firmwareKey('v1-ecdsa-p256')).toBe(ours);
  });

  test('stopped before any write is completed by the next run', async () => {
    const wanted = await adoptPki({ dir: await tempDir(), from, devices: [] });
    const names = Object.keys(await contents(wanted.tree.dir)).filter((name) => !name.startsWith('issued/'));
    for (let stopAt = 0; ; stopAt += 3) {
      const dir = await tempDir();
      let steps = 0;
      const onProgress = (): void => {
        if (steps === stopAt) throw new Error('stopped');
        steps += 1;
      };
      const error: unknown = await adoptPki({ dir, from, devices: [], onProgress }).catch((reason: unknown) => reason);
      const { report } = await adoptPki({ dir, from, devices: [] });
      expect(['taken', 'same']).toContain(report.signingKey);
      expect(Object.keys(await contents(dir)).filter((name) => !name.startsWith('issued/'))).toEqual(names);
      if (!(error instanceof Error)) break;
    }
  }, 60_000);

  test('goes on through a rollover, and again gives the bridge to the new root', async () => {
    const dir = await tempDir();
    const { tree } = await adoptPki({ dir, from });
    await tree.rollOver({ authority: 'ca', phase: 'prepare' });
    expect(await readFile(tree.paths.adopted.operatorCas, 'utf8')).toContain((await openPki(dir)).ca);
    await tree.rollOver({ authority: 'ca', phase: 'switch' });
    const switched = await openPki(dir);
    expect(switched.adopted?.cross).toBeUndefined();
    expect(await readFile(tree.paths.adopted.brokerChain, 'utf8')).toBe(switched.broker.cert);
    await switched.adopt({ from });
    const bridged = await openPki(dir);
    const chain = await readFile(tree.paths.adopted.brokerChain, 'utf8');
    expect(chain).toBe(`${switched.broker.cert}${bridged.adopted?.cross ?? ''}`);
    const renewed = await bridged.renew('broker');
    expect(await readFile(tree.paths.adopted.brokerChain, 'utf8')).toBe(
      `${renewed.cert}${bridged.adopted?.cross ?? ''}`,
    );
  });

  test('refuses a folder that is no such tree, naming the file', async () => {
    const copy = async (): Promise<string> => {
      const dir = await tempDir();
      await cp(from, dir, { recursive: true });
      return dir;
    };
    const other = makeScriptTree(await tempDir(), { signingKey: false });
    const cases: [string, (dir: string) => Promise<unknown>, Parameters<typeof rejected>[1]][] = [
      ['ca/certs/ca.crt', (dir) => rm(join(dir, 'ca/certs/ca.crt')), 'ERR_PKI_NOT_FOUND'],
      ['ca/keys/ca.key', (dir) => rm(join(dir, 'ca/keys/ca.key')), 'ERR_PKI_NOT_FOUND'],
      ['ca/certs/client.crt', (dir) => rm(join(dir, 'ca/certs/client.crt')), 'ERR_PKI_NOT_FOUND'],
      ['ca/certs/ca.crt', (dir) => writeFile(join(dir, 'ca/certs/ca.crt'), 'x'), 'ERR_PKI_PEM'],
      [
        'ca/certs/ca.crt',
        (dir) => cp(join(dir, 'ca/certs/client.crt'), join(dir, 'ca/certs/ca.crt')),
        'ERR_PKI_NOT_CA',
      ],
      ['ca/keys/ca.key', (dir) => cp(join(dir, 'ca/keys/client.key'), join(dir, 'ca/keys/ca.key')), 'ERR_PKI_KEY'],
      ['ca/keys/ca.key', (dir) => writeFile(join(dir, 'ca/keys/ca.key'), 'x'), 'ERR_PKI_KEY'],
      [
        'ca/certs/server.crt',
        (dir) => cp(join(other, 'ca/certs/server.crt'), join(dir, 'ca/certs/server.crt')),
        'ERR_PKI_CERTIFICATE',
      ],
      [
        'secure_boot_signing_key.pem',
        (dir) => cp(join(dir, 'ca/keys/client.key'), join(dir, 'secure_boot_signing_key.pem')),
        'ERR_PKI_PEM',
      ],
    ];
    for (const [name, spoil, code] of cases) {
      const broken = await copy();
      await spoil(broken);
      const dir = join(await tempDir(), 'tree');
      const error = await rejected(adoptPki({ dir, from: broken }), code);
      expect(error.path).toBe(join(broken, name));
      await expect(stat(dir)).rejects.toThrow('ENOENT');
    }
    await rejected(adoptPki({ dir: from, from }), 'ERR_PKI_OPTION');
    const dir = await tempDir();
    const { tree } = await adoptPki({ dir, from });
    await rejected(tree.adopt({ from: other }), 'ERR_PKI_EXISTS');
    await rejected(tree.adopt({ from: dir }), 'ERR_PKI_EXISTS');
    const late = { from, now: () => new Date(Date.now() + 400 * DAY_MS) };
    await rejected(adoptPki({ dir: await tempDir(), ...late }), 'ERR_PKI_EXPIRED');
  });
});
