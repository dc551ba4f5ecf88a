import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TLSSocket } from 'node:tls';
import { type Credentials, openPki } from '@secure-esp/pki';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bundleProgram, startProgram } from './ota/real-program.js';
import { ask, type Served, serve, statusOf } from './ota/served.js';
import { collect, NEEDED } from './part-of-tree.js';
import { runMain, temporaryFolder } from './run-main.js';

let program: Awaited<ReturnType<typeof bundleProgram>>;
beforeAll(async () => {
  program = await bundleProgram();
});
afterAll(() => program.remove());

/** A whole tree, and beside it a folder with what one server needs. */
async function copied(server: keyof typeof NEEDED): Promise<{ cwd: string; copy: () => Promise<void> }> {
  const cwd = await temporaryFolder();
  await runMain(cwd, ['pki', 'init', '--device', 'a', '--device', 'b']);
  if (server === 'est') await runMain(cwd, ['pki', 'claim', 'c', '--out', 'claims.json']);
  const copy = (): Promise<void> => collect(join(cwd, '.secure-esp'), join(cwd, 'part'), NEEDED[server]);
  await copy();
  return { cwd, copy };
}

/** Every private key below a folder. */
async function keysIn(folder: string): Promise<readonly string[]> {
  const files = await readdir(folder, { recursive: true, withFileTypes: true });
  const keys: string[] = [];
  for (const entry of files.filter((file) => file.isFile())) {
    const path = join(entry.parentPath, entry.name);
    if ((await readFile(path, 'latin1')).includes('PRIVATE KEY')) keys.push(path.slice(folder.length + 1));
  }
  return keys.sort();
}

describe.each([1, 2])('ota serve --workers %i with its own part of a tree', (workers) => {
  const started = async (): Promise<{ served: Served; copy: () => Promise<void> }> => {
    const copy = (cwd: string): Promise<void> => collect(join(cwd, '.secure-esp'), join(cwd, 'part'), NEEDED.ota);
    const served = await serve(program.bin, ['--workers', String(workers)], { dir: 'part', prepare: copy });
    expect(await keysIn(join(served.cwd, 'part'))).toEqual(['ca/keys/update_key.pem']);
    return { served, copy: () => copy(served.cwd) };
  };
  const statuses = async (served: Served, ...clients: readonly Credentials[]): Promise<unknown[]> =>
    Promise.all(clients.map((client) => statusOf(served, client)));

  test('serves devices and operators, and follows a revocation', async () => {
    const { served, copy } = await started();
    const { operator } = await openPki(join(served.cwd, '.secure-esp'), { parts: ['operator'] });
    expect(await statuses(served, served.a, served.b, operator)).toEqual([404, 404, 404]);
    const image = await ask(served, served.b, { path: '/secure_esp.bin' });
    expect(image.statusCode).toBe(200);
    image.destroy();
    await runMain(served.cwd, ['pki', 'revoke', 'a']);
    await copy();
    await expect.poll(() => served.log('revocations_changed').length).toBeGreaterThan(0);
    expect(await statuses(served, served.a, served.b, operator)).toEqual([403, 404, 404]);
    expect(served.log('revocations_failed')).toEqual([]);
  });

  test('follows its own renewal, with a new key, too, and a new root of devices', async () => {
    const { served, copy } = await started();
    const serial = async (): Promise<string | undefined> => {
      const { socket } = (await ask(served, served.a)).resume();
      return socket instanceof TLSSocket ? socket.getPeerX509Certificate()?.serialNumber : undefined;
    };
    const before = await serial();
    await runMain(served.cwd, ['pki', 'renew', 'ota', '--dangerously-replace-key']);
    await copy();
    await expect.poll(() => served.log('certificates_loaded'), { timeout: 15_000 }).toHaveLength(1);
    expect(await serial()).not.toBe(before);

    await runMain(served.cwd, ['pki', 'rollover', 'device-ca', '--prepare']);
    await copy();
    await expect.poll(() => served.log('certificates_loaded'), { timeout: 15_000 }).toHaveLength(2);
    await runMain(served.cwd, ['pki', 'rollover', 'device-ca', '--switch']);
    await runMain(served.cwd, ['pki', 'renew', 'b']);
    await copy();
    const renewed = await (await openPki(join(served.cwd, '.secure-esp'), { parts: [] })).device('b');
    expect(renewed.cert).not.toBe(served.b.cert);
    await expect.poll(() => statuses(served, served.a, renewed)).toEqual([404, 404]);
    expect(served.log('certificates_failed')).toEqual([]);
  });

  test('goes on with what it has while a file of its own is missing, and says so', async () => {
    const { served } = await started();
    const key = join(served.cwd, 'part/ca/keys/update_key.pem');
    await rename(key, `${key}.away`);
    await expect
      .poll(() => served.log('certificates_failed'), { timeout: 15_000 })
      .toMatchObject([{ level: 'error', reason: `${key} is missing.` }]);
    expect(await statuses(served, served.a)).toEqual([404]);
  });
});

describe('what is missing of a server’s own part', () => {
  const COPY = 'Copy it from the folder where certificates are issued; if that is this one, put it back from a backup.';

  test.each([
    ['ota serve', 'ota', 'ca/keys/update_key.pem', 'ERR_PKI_KEY'],
    ['ota serve', 'ota', 'ca/certs/update_cert.pem', 'ERR_PKI_NOT_FOUND'],
    ['ota serve', 'ota', 'device-ca/certs/device-ca.crt', 'ERR_PKI_NOT_FOUND'],
    ['est serve', 'est', 'ca/keys/update_key.pem', 'ERR_PKI_KEY'],
    ['broker run', 'broker', 'ca/keys/server.key', 'ERR_PKI_KEY'],
    ['broker run', 'broker', 'ca/certs/server.crt', 'ERR_PKI_NOT_FOUND'],
    ['broker config --out x', 'broker', 'ca/keys/server.key', 'ERR_PKI_KEY'],
  ] as const)('%s without a file says which, and what to do', async (command, server, file, code) => {
    const { cwd } = await copied(server);
    await rm(join(cwd, 'part', file));
    const argv = [...command.split(' '), '--dir', 'part'];
    const path = join(cwd, 'part', file);
    expect(await runMain(cwd, argv)).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: `secure-esp: ${path} is missing.\n${COPY}\n`,
    });
    const { stderr } = await runMain(cwd, [...argv, '--json']);
    expect(JSON.parse(stderr)).toEqual({ error: { code, message: `${path} is missing.`, nextStep: COPY } });
  });

  test('without any tree it says how to make one', async () => {
    const { exitCode, stderr } = await runMain(await temporaryFolder(), ['ota', 'serve', '--dir', 'part']);
    expect([exitCode, stderr]).toEqual([1, expect.stringMatching(/ca\.crt is missing\)\.\nMake it with `secure-esp/)]);
  });

  test('a damaged file is no missing one', async () => {
    const { cwd } = await copied('ota');
    await writeFile(join(cwd, 'part/ca/keys/update_key.pem'), '');
    const { exitCode, stderr } = await runMain(cwd, ['ota', 'serve', '--dir', 'part']);
    expect([exitCode, stderr]).toEqual([1, expect.stringMatching(/update_key\.pem.*ERR_PKI_PEM\)\nCheck that/)]);
  });

  test('ota serve without records of certificates would refuse everybody, and does not begin', async () => {
    const { cwd } = await copied('ota');
    await rm(join(cwd, 'part/issued'), { recursive: true });
    expect(await runMain(cwd, ['ota', 'serve', '--dir', 'part', '--port', '0'])).toEqual({
      exitCode: 1,
      stdout: '',
      stderr:
        `secure-esp: ${join(cwd, 'part/issued')} has no record of the update server’s own certificate: without records it refuses everybody.\n` +
        'Copy the folder `issued` from where certificates are issued, or put it back from a backup.\n',
    });
  });
});

test('est serve with its part of a tree and the key of the CA of devices enrols a device', async () => {
  const { cwd } = await copied('est');
  expect(await keysIn(join(cwd, 'part'))).toEqual(['ca/keys/update_key.pem', 'device-ca/keys/device-ca.key']);
  const server = startProgram(program.bin, cwd, ['est', 'serve', '--dir', 'part', '--port', '0']);
  const where = /enrolment on https:\/\/127\.0\.0\.1:(\d+)/;
  await expect.poll(() => server.stdout() + server.stderr(), { timeout: 30_000 }).toMatch(where);
  const url = `https://localhost:${where.exec(server.stdout())?.[1] ?? ''}`;
  const ca = ['--ca', 'part/ca/certs/ca.crt', '--claim-file', 'claims.json'];
  const enrolled = await runMain(cwd, ['est', 'enroll', 'c', '--url', url, ...ca, '--out', 'c']);
  expect([enrolled.exitCode, enrolled.stderr]).toEqual([0, '']);
  expect(await readdir(join(cwd, 'c'))).toContain('client.crt');
});

test('broker config needs the pair of the broker only', async () => {
  const { cwd } = await copied('broker');
  expect(await keysIn(join(cwd, 'part'))).toEqual(['ca/keys/server.key']);
  for (const kind of ['mosquitto', 'emqx']) {
    const { exitCode, stderr } = await runMain(cwd, [
      'broker',
      'config',
      '--dir',
      'part',
      '--kind',
      kind,
      '--out',
      kind,
    ]);
    expect([exitCode, stderr]).toEqual([0, '']);
  }
  expect(await readFile(join(cwd, 'mosquitto/mosquitto.conf'), 'utf8')).toContain(
    `keyfile ${join(cwd, 'part/ca/keys/server.key')}\n`,
  );
  expect(await readFile(join(cwd, 'emqx/emqx_acl.conf'), 'utf8')).toContain('"operator"');
});
