import { initPki } from '@secure-esp/pki';
import { chmod, copyFile, cp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { doctor } from '../../../src/commands/doctor.js';
import { CHECKS } from '../../../src/commands/doctor.js';
import { runMain, temporaryFolder } from '../../run-main.js';
import { examine, newTree } from './clinic.js';

const DAY_MS = 86_400_000;
const ago = (days: number) => () => new Date(Date.now() - days * DAY_MS);

describe('secure-esp doctor --offline', () => {
  test('finds nothing wrong with a new tree, and says so to a person', async () => {
    const { cwd } = await newTree();
    const { exitCode, stdout, stderr } = await runMain(cwd, ['doctor', '--offline']);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toMatch(/^ok {4}node {20}Node\.js/);
    expect(stdout).toMatch(/ok {4}certificate:broker/);
    expect(stdout).toMatch(/\n\n\d+ ok, 0 warnings, 0 failures\n$/);
    expect(stdout).not.toContain('broker:operators');
  });

  test('every check that needs a server is left out', () => {
    expect(CHECKS.filter(({ network }) => network).map(({ id }) => id)).toEqual(['broker', 'ota']);
  });

  test('no tree: says how to make one, and what to do is there for each failure', async () => {
    const { exitCode, results, of, stderr } = await examine(await temporaryFolder(), '--offline');
    expect(exitCode).toBe(1);
    expect(of('tree')).toMatch(
      /^fail: there is no certificate tree in \.secure-esp\. Make it with `secure-esp pki init`/,
    );
    expect(results.filter(({ verdict }) => verdict === 'fail').every(({ nextStep }) => nextStep !== undefined)).toBe(
      true,
    );
    expect(JSON.parse(stderr)).toMatchObject({ error: { code: 'checks_failed' } });
  });

  test('certificates that ended', async () => {
    const { cwd } = await newTree({ now: ago(900) });
    const { exitCode, of } = await examine(cwd, '--offline');
    expect(exitCode).toBe(1);
    expect(of('certificate:operator')).toMatch(/^fail: it ended on .* Renew it with `secure-esp pki renew operator`/);
    expect(of('certificate:ca')).toMatch(/^ok/);
    expect(of('crl:ca')).toMatch(/^fail: it ended on .*refuse everybody.*pki crl/);
  });

  test('certificates and lists that end soon', async () => {
    const { cwd } = await newTree({ now: ago(810) });
    const { of } = await examine(cwd, '--offline');
    expect(of('certificate:ota')).toMatch(/^warn: it ends in 1[45] days/);
  });

  test('a clock that is behind', async () => {
    const { cwd } = await newTree({ now: ago(-2) });
    const { of } = await examine(cwd, '--offline');
    expect(of('certificate:broker')).toMatch(/^fail: it begins only on .*clock, which is behind/);
  });

  test('a broken chain, a foreign key, a damaged file and a missing one', async () => {
    const { cwd, tree } = await newTree();
    const stranger = await initPki({ dir: join(cwd, 'other'), devices: [] });
    await copyFile(stranger.paths.brokerCert, tree.paths.brokerCert);
    await copyFile(stranger.paths.brokerKey, tree.paths.brokerKey);
    await copyFile(tree.paths.brokerKey, tree.paths.operatorKey);
    await writeFile(tree.paths.otaCert, 'nothing');
    await rm(tree.paths.deviceCaCert);
    const { of } = await examine(cwd, '--offline');
    expect(of('certificate:broker')).toMatch(/^fail: it is not signed by the CA in ca\/certs\/ca\.crt/);
    expect(of('certificate:operator')).toMatch(/^fail: the key next to it is that of another certificate/);
    expect(of('certificate:ota')).toMatch(/^fail: .*update_cert\.pem cannot be read/);
    expect(of('certificate:device-ca')).toMatch(/^fail: .*device-ca\.crt is missing/);
    expect(of('tree')).toMatch(/^fail/);
  });

  test('a device’s certificate of another CA, by its id', async () => {
    const { cwd, tree } = await newTree({ devices: ['esp-001', 'esp-002'] });
    const stranger = await initPki({ dir: join(cwd, 'other'), devices: ['esp-002'] });
    await cp(stranger.paths.device('esp-002').dir, tree.paths.device('esp-002').dir, { recursive: true });
    expect((await examine(cwd, '--offline')).of('certificate:devices')).toMatch(/^fail: 1 bad, 0 end soon: esp-002;/);
  });

  test('a host that the certificates do not name', async () => {
    const { cwd } = await newTree();
    const { of } = await examine(cwd, '--offline', '--url', 'mqtts://broker.example', '--ota', 'https://10.0.0.7:8070');
    expect(of('certificate:broker')).toMatch(
      /^fail: it does not name broker\.example.*pki init --host broker\.example/,
    );
    expect(of('certificate:ota')).toMatch(/^fail: it does not name 10\.0\.0\.7/);
  });

  test.skipIf(process.platform === 'win32')('keys that others can read, and files that others can change', async () => {
    const { cwd, tree } = await newTree();
    await chmod(tree.paths.caCert, 0o666);
    expect((await examine(cwd, '--offline')).of('modes')).toMatch(/^warn: .*ca\.crt.*chmod go-w/);
    await chmod(tree.paths.device('esp-001').key, 0o644);
    expect((await examine(cwd, '--offline')).of('modes')).toMatch(/^fail: .*esp-001\/client\.key.*chmod 600/);
  });

  test('two servers at one port', async () => {
    const { cwd } = await newTree();
    const { of } = await examine(cwd, '--offline', '--device-url', 'mqtts://localhost:8883');
    expect(of('ports')).toMatch(/^fail: two servers are on port 8883 of localhost/);
  });

  test('a Node.js that is too old', async () => {
    const { cwd } = await newTree();
    const lines: string[] = [];
    const stdout = { write: (text: string) => lines.push(text) } as unknown as NodeJS.WritableStream;
    const options = { dir: '.secure-esp', url: 'mqtts://localhost', deviceUrl: 'mqtts://localhost:8884' };
    const signal = new AbortController().signal;
    await expect(
      doctor(
        { cwd, stdout, stderr: stdout, signal },
        { ...options, ota: 'https://localhost:8070', offline: true, deadline: 1 },
        { nodeVersion: '18.20.4' },
      ),
    ).rejects.toThrow('1 check failed');
    expect(lines.join('')).toMatch(/fail {2}node .*18\.20\.4 is not supported\.\n +-> Install Node\.js 24/);
  });

  test('a project file that is wrong ends the command with the field', async () => {
    const { cwd } = await newTree();
    await writeFile(join(cwd, 'secure-esp.config.mjs'), 'export default { broker: { operatorPort: 70000 } };');
    const { exitCode, stderr } = await runMain(cwd, ['doctor', '--offline']);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/operatorPort/);
  });

  test.each([
    [['--url', 'http://localhost'], /--url must be a URL that begins with mqtts/],
    [['--deadline', '0'], /must be an integer in 1\.\.60/],
    [['firmwares'], /too many arguments|unknown command/],
  ])('refuses %j', async (words, sentence) => {
    const { exitCode, stderr } = await runMain(await temporaryFolder(), ['doctor', ...words]);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(sentence);
  });

  test('`doctor firmware` keeps its own options', async () => {
    const { exitCode, stderr } = await runMain(await temporaryFolder(), ['doctor', 'firmware', 'nowhere', '--json']);
    expect(exitCode).not.toBe(0);
    expect(JSON.parse(stderr)).toHaveProperty('error.code');
  });
});
