import { createCsr, generatePrivateKey, openPki } from '@secure-esp/pki';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { followCrls } from '../src/follow-crls.js';
import { startBroker } from '../src/start-broker.js';
import { runMain, temporaryFolder } from './run-main.js';

test('pki rollover goes through its phases and says what comes next', async () => {
  const cwd = await temporaryFolder();
  await runMain(cwd, ['pki', 'init']);
  const run = async (...args: string[]): Promise<string> => {
    const { exitCode, stdout, stderr } = await runMain(cwd, ['pki', 'rollover', ...args]);
    expect([exitCode, stderr]).toEqual([0, '']);
    return stdout;
  };
  expect(await run()).toMatch(
    /^ca: secure-esp CA signs, until .*\n {2}next: `secure-esp pki rollover ca --prepare`.*\ndevice-ca: /,
  );
  const prepared = await run('ca', '--prepare');
  expect(prepared).toContain('wrote .secure-esp/ca/certs/ca.crt');
  expect(prepared).toContain('next: give every device and operator the new ca.crt (both roots), then');
  expect(await run('ca', '--prepare')).toContain('--prepare was done before; nothing was changed');
  const switched = await run('ca', '--switch');
  expect(switched).toContain('3 good certificate(s) of the old root, 3 with a successor');
  expect(switched).toContain('`secure-esp pki rollover ca --finish --revoke-superseded`');
  const { status } = JSON.parse(await run('status', '--json')) as { status: readonly object[] };
  expect(status).toMatchObject([
    { authority: 'ca', state: 'switched', next: 'finish', remaining: 3, superseded: 3 },
    { authority: 'device-ca', state: 'none', next: 'prepare' },
  ]);
  const refused = await runMain(cwd, ['pki', 'rollover', 'ca', '--finish']);
  expect(refused.exitCode).toBe(1);
  expect(refused.stderr).toMatch(/3 good certificates of the old root .*\(ERR_PKI_ROLLOVER\)\nSee what comes next/);
  expect(await run('ca', '--finish', '--dangerously-strand', '3')).toContain('ca: secure-esp CA G2 signs');
  await run('device-ca', '--prepare');
  expect(await run('device-ca', '--switch')).toContain('first: device esp-001');
  // whoever has none of the new root, without naming a fleet
  const renew = (...args: string[]) => runMain(cwd, ['pki', 'renew', ...args]);
  const renewed = await renew('--old-root');
  expect(renewed.stdout).toMatch(/^renewed .*esp-001\/client\.crt, [^\n]*\nInstall them .* unless revoked\.\n$/);
  expect((await renew('--old-root')).stdout).toBe('nothing is to be renewed here\n');
  expect(await run('device-ca', '--finish', '--revoke-superseded')).toContain('secure-esp device CA G2 signs');
});

test('pki renew finds what ends soon; certificates whose key is elsewhere are named, not renewed', async () => {
  const cwd = await temporaryFolder();
  await runMain(cwd, ['pki', 'init', '--device', 'a', '--device', 'b']);
  const renew = (...args: string[]) => runMain(cwd, ['pki', 'renew', ...args]);
  expect((await renew('--expiring', '30d')).stdout).toBe('nothing is to be renewed here\n');
  await renew('a', '--days', '20', '--revoke-old');
  const csr = await createCsr({ key: (await generatePrivateKey('ec-p256')).keyObject, subject: { CN: 'alice' } });
  await writeFile(join(cwd, 'alice.csr'), csr);
  await runMain(cwd, ['pki', 'sign-csr', 'alice.csr', '--role', 'operator', '--name', 'alice', '--days', '20']);
  const { stdout } = await renew('--expiring', '30d', '--revoke-old');
  expect(stdout).toMatch(
    /^renewed .*a\/client\.crt.*\nnot renewed: alice, whose key is elsewhere .*\nInstall them .* the old ones are revoked\.\n$/,
  );
  expect((await renew()).stderr).toContain('which certificates are to be renewed?');
  expect((await renew('a', '--old-root')).stderr).toContain('names, or a selection, but not both.');
});

test('pki rollover refuses two phases at once, and a phase of no CA', async () => {
  const cwd = await temporaryFolder();
  await runMain(cwd, ['pki', 'init']);
  const two = await runMain(cwd, ['pki', 'rollover', 'ca', '--prepare', '--switch']);
  expect([two.exitCode, two.stderr]).toEqual([1, expect.stringContaining('one phase at a time.')]);
  const none = await runMain(cwd, ['pki', 'rollover', '--prepare']);
  expect([none.exitCode, none.stderr]).toEqual([1, expect.stringContaining('a phase is of one CA.')]);
  expect((await runMain(cwd, ['pki', 'rollover', 'x'])).exitCode).toBe(2);
  expect((await runMain(cwd, ['pki', 'adopt'])).stderr).toContain('which tree is to be adopted?');
  expect((await runMain(cwd, ['pki', 'adopt', '.', '--until', '2027-02-30'])).exitCode).toBe(2);
  expect((await runMain(cwd, ['pki', 'adopt', '--end'])).stdout).toContain('no CA was adopted');
});

test('a running embedded broker follows a rollover and goes on after each phase', async () => {
  const cwd = await temporaryFolder();
  await runMain(cwd, ['pki', 'init']);
  const tree = await openPki(join(cwd, '.secure-esp'));
  const stop = new AbortController();
  const listening = { host: '127.0.0.1', operatorPort: 0, devicePort: 0, dir: cwd };
  const broker = await startBroker(tree, { kind: 'embedded', ...listening, signal: stop.signal });
  onTestFinished(() => broker.close());
  const events: string[] = [];
  const loaded = await tree.crls();
  const following = followCrls(tree, broker, {
    loaded,
    signal: stop.signal,
    pollMs: 5,
    onEvent: (event) => events.push(JSON.stringify(event)),
  });
  const trusted = async (...names: string[]): Promise<void> => {
    const event = JSON.stringify({ type: 'certificates_loaded', trusted: [...names, 'secure-esp device CA'] });
    await expect
      .poll(() => events.filter((one) => one.includes('certificates_loaded')).at(-1), { timeout: 10_000 })
      .toBe(event);
  };
  await tree.rollOver({ authority: 'ca', phase: 'prepare' });
  await trusted('secure-esp CA', 'secure-esp CA G2');
  await tree.rollOver({ authority: 'ca', phase: 'switch' });
  await trusted('secure-esp CA G2', 'secure-esp CA');
  await tree.rollOver({ authority: 'ca', phase: 'finish', revokeSuperseded: true });
  await trusted('secure-esp CA G2');
  stop.abort();
  await following;
  expect(events.join()).not.toContain('failed');
});
