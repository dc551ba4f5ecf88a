import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { beforeAll, describe, expect, expectTypeOf, test } from 'vitest';
import {
  type Credentials,
  initPki,
  openPki,
  type PkiTree,
  type PkiTreeOf,
  TREE_PARTS,
  type TreePart,
  type TreePartValues,
  type TreePaths,
} from '../../src/index.js';
import { treePaths } from '../../src/tree/tree-paths.js';
import { generateKeyPairSync } from 'node:crypto';
import { tempDir } from '../support/temp-dir.js';
import { rejected, thrown } from '../support/thrown.js';
import { snapshot } from '../support/tree-files.js';

let whole: PkiTree;

beforeAll(async () => {
  const dir = await mkdtemp(join(tmpdir(), 'secure-esp-pki-'));
  whole = await initPki({ dir, devices: ['a'], chips: [] });
  return () => rm(dir, { recursive: true, force: true });
});

/** Files of each part. */
const FILES: Readonly<Record<TreePart, (paths: TreePaths) => readonly string[]>> = {
  broker: ({ brokerCert, brokerKey }) => [brokerCert, brokerKey],
  ota: ({ otaCert, otaKey }) => [otaCert, otaKey],
  operator: ({ operatorCert, operatorKey }) => [operatorCert, operatorKey],
  release: ({ releaseKey }) => [releaseKey],
};
const VALUES: Readonly<Record<TreePart, readonly TreePartValues[TreePart][]>> = {
  broker: ['broker'],
  ota: ['ota'],
  operator: ['operator'],
  release: ['releaseKey', 'releaseKeyId', 'releasePublicKey'],
};

/** A folder with these files of the whole tree, and both CA certificates. */
async function folderOf(...files: readonly string[]): Promise<TreePaths> {
  const dir = await tempDir();
  for (const file of [whole.paths.caCert, whole.paths.deviceCaCert, ...files]) {
    const to = join(dir, relative(whole.dir, file));
    await mkdir(dirname(to), { recursive: true });
    await cp(file, to, { recursive: true });
  }
  return treePaths(dir);
}

describe.each(TREE_PARTS)('a tree opened for %s', (part) => {
  const others = TREE_PARTS.filter((other) => other !== part);

  test('needs the files of that part and both CA certificates, and no other', async () => {
    const { root } = await folderOf(...FILES[part](whole.paths));
    const before = await snapshot(root);
    const tree: object = await openPki(root, { parts: [part] });
    for (const name of VALUES[part]) {
      const expected = JSON.stringify(whole[name]).replaceAll(whole.dir, root);
      expect(JSON.stringify((tree as PkiTree)[name])).toBe(expected);
    }
    expect(tree).toMatchObject({ ca: whole.ca, deviceCa: whole.deviceCa, dir: root });
    expect(await snapshot(root)).toEqual(before);
  });

  test('reads nothing of the others, however damaged', async () => {
    const paths = await folderOf(...FILES[part](whole.paths));
    for (const file of others.flatMap((other) => FILES[other](paths))) {
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, 'damaged');
    }
    await openPki(paths.root, { parts: [part] });
    await rejected(openPki(paths.root), 'ERR_PKI_PEM');
  });

  test('says of another part’s value that it was not opened', async () => {
    const tree = (await openPki(whole.dir, { parts: [part] })) as unknown as PkiTree;
    for (const other of others) {
      for (const name of VALUES[other]) {
        const { message, field } = thrown(() => tree[name], 'ERR_PKI_OPTION');
        expect(field).toBe('parts');
        expect(message).toBe(
          `${name}: the tree was opened without its part "${other}"; name it in the option "parts" of openPki`,
        );
      }
    }
    // who copies or prints a tree meets no error
    expect(Object.keys({ ...tree })).toEqual(expect.arrayContaining(['dir', 'paths', ...VALUES[part]]));
    expect(JSON.stringify(tree)).toContain('"ca":');
  });

  test('names the file of that part that is missing', async () => {
    for (const missing of FILES[part](whole.paths)) {
      const paths = await folderOf(...FILES[part](whole.paths).filter((file) => file !== missing));
      const path = join(paths.root, relative(whole.dir, missing));
      const isKey = missing.endsWith('.key') || missing.endsWith('update_key.pem');
      const error = await rejected(openPki(paths.root, { parts: [part] }), isKey ? 'ERR_PKI_KEY' : 'ERR_PKI_NOT_FOUND');
      expect(error.path).toBe(path);
      expect(error.message).toBe(
        isKey
          ? `${path} is missing but ${FILES[part](paths)[0] ?? ''} is there: put it back, or delete the certificate too to get a new pair`
          : `${path} is missing, of the part "${part}" of a certificate tree: copy it from where certificates are issued`,
      );
    }
  });

  test('is still checked', async () => {
    const paths = await folderOf(...FILES[part](whole.paths));
    const [file = '', key = file] = FILES[part](paths);
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' });
    await writeFile(key, privateKey.export({ type: 'pkcs8', format: 'pem' }));
    expect((await rejected(openPki(paths.root, { parts: [part] }), 'ERR_PKI_KEY')).path).toBe(key);
  });
});

describe('the parts of a tree', () => {
  test('without the option all of them are needed, as ever', async () => {
    const all = TREE_PARTS.flatMap((part) => FILES[part](whole.paths));
    await openPki((await folderOf(...all)).root);
    for (const missing of all) {
      const { root } = await folderOf(...all.filter((file) => file !== missing));
      const error: unknown = await openPki(root).catch((reason: unknown) => reason);
      expect(error).toMatchObject({ name: 'PkiError', path: join(root, relative(whole.dir, missing)) });
    }
    const { message, path } = await rejected(openPki(await tempDir()), 'ERR_PKI_NOT_FOUND');
    expect(message).toBe(
      `no complete certificate tree in ${dirname(dirname(dirname(path ?? '')))} (${path ?? ''} is missing): run \`secure-esp pki init\``,
    );
  });

  test('may be several, or none', async () => {
    const both = await openPki(whole.dir, { parts: ['ota', 'broker'] });
    expect([both.ota.cn, both.broker.cn]).toEqual(['ota', 'broker']);
    const { root } = await folderOf();
    const none = await openPki(root, { parts: [] });
    expect(none.ca).toBe(whole.ca);
  });

  test('both CA certificates are always needed', async () => {
    for (const which of ['caCert', 'deviceCaCert'] as const) {
      const paths = await folderOf();
      await rm(paths[which]);
      expect((await rejected(openPki(paths.root, { parts: [] }), 'ERR_PKI_NOT_FOUND')).path).toBe(paths[which]);
    }
  });

  test('with the records and the lists that were copied, too, tell who is revoked', async () => {
    const dir = await tempDir();
    const tree = await initPki({ dir, devices: ['a', 'b'], chips: [] });
    await tree.revoke({ commonName: 'a' });
    for (const folder of ['ca/keys', 'device-ca/keys', 'devices', 'main', 'release-keys']) {
      await rm(join(dir, folder), { recursive: true });
    }
    await rm(tree.paths.operatorCert);
    expect(await readdir(dir)).toContain('issued');
    const opened = await openPki(dir, { parts: [] });
    const revoked: string[] = [];
    for await (const { commonName } of opened.inventory({ state: 'revoked' })) revoked.push(commonName);
    expect(revoked).toEqual(['a']);
    expect((await opened.crls()).devices?.info.revoked.size).toBe(1);
  });

  test('a part that there is not is refused by name', async () => {
    const { message, field } = await rejected(
      openPki(whole.dir, { parts: ['ota', 'device' as 'ota'] }),
      'ERR_PKI_OPTION',
    );
    expect([message, field]).toEqual(['parts: "device" is none of broker, ota, operator, release', 'parts']);
  });

  test('types have the values of the parts that were named, and no other', () => {
    type Opened<P extends TreePart> = Awaited<ReturnType<typeof openPki<P>>>;
    expectTypeOf<Opened<'ota'>['ota']>().toEqualTypeOf<Credentials>();
    expectTypeOf<Opened<'ota'>>().not.toHaveProperty('operator');
    expectTypeOf<Opened<'ota'>>().not.toHaveProperty('releaseKey');
    expectTypeOf<Opened<'release'>>().toHaveProperty('releaseKeyId');
    expectTypeOf<Opened<TreePart>>().toExtend<PkiTree>();
    // whoever wants a part takes a whole tree, too
    expectTypeOf<PkiTree>().toExtend<PkiTreeOf<'ota'>>();
    expectTypeOf<PkiTreeOf<'ota' | 'broker'>>().toExtend<PkiTreeOf<'ota'>>();
    expectTypeOf<PkiTreeOf<'ota'>>().not.toExtend<PkiTree>();
    const openNone = () => openPki('', { parts: [] });
    expectTypeOf(openNone).returns.resolves.not.toHaveProperty('ota');
    const openAll = () => openPki('');
    expectTypeOf(openAll).returns.resolves.toExtend<PkiTree>();
  });
});
