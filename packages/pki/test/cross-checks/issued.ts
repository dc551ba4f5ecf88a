import { createPublicKey } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CertificateAuthority,
  createCertificateAuthority,
  createCsr,
  generatePrivateKey,
  initPki,
  issueCrl,
  KEY_ALGORITHMS,
  type KeyAlgorithm,
  keySigner,
  MemoryPkiStore,
  openPki,
  type Pem,
  type PkiTree,
  type PrivateKey,
  type Role,
  ROLES,
} from '../../src/index.js';

export const HOSTS = ['localhost', 'broker.example', '192.168.178.123', 'fe80::1'];
const SAN = { dns: ['localhost', 'broker.example'], ip: ['192.168.178.123', 'fe80::1'] };

/** A certificate in a file, with the files around it. */
export interface IssuedFile {
  readonly what: string;
  readonly role: Role;
  readonly commonName: string;
  readonly path: string;
  readonly ca: string;
  readonly crl: string;
  readonly keyAlgorithm: KeyAlgorithm;
  readonly revoked: boolean;
}

export interface AuthorityFile {
  readonly what: string;
  readonly path: string;
  readonly crl: string;
  readonly keyAlgorithm: KeyAlgorithm;
}

/** One of everything this package issues: the tree's, every kind of key on every kind of CA, renewed, requested, far dates. */
export interface Everything {
  readonly dir: string;
  readonly tree: PkiTree;
  readonly authorities: readonly AuthorityFile[];
  readonly certificates: readonly IssuedFile[];
  readonly keys: Readonly<Record<KeyAlgorithm, PrivateKey>>;
  remove(): Promise<void>;
}

export async function issueEverything(): Promise<Everything> {
  const dir = await mkdtemp(join(tmpdir(), 'secure-esp-pki-'));
  const work = new Work(dir, await makeKeys(), await makeKeys());
  const tree = await work.addTree();
  for (const algorithm of KEY_ALGORITHMS) await work.addAuthority(algorithm);
  await work.addFarDates('notAfter in 2070', new Date('2070-01-01T00:00:00Z'));
  await work.addFarDates('notAfter in 9999', new Date('9999-12-31T23:59:59Z'));
  await work.addFarDates('the last second of UTCTime', new Date('2049-12-31T23:59:59Z'));
  await work.addFarDates('the first second of GeneralizedTime', new Date('2050-01-01T00:00:00Z'));
  const { authorities, certificates, leafKeys } = work;
  const remove = (): Promise<void> => rm(dir, { recursive: true, force: true });
  return { dir, tree, authorities, certificates, keys: leafKeys, remove };
}

async function makeKeys(): Promise<Record<KeyAlgorithm, PrivateKey>> {
  const pairs = await Promise.all(KEY_ALGORITHMS.map(async (name) => [name, await generatePrivateKey(name)] as const));
  return Object.fromEntries(pairs) as Record<KeyAlgorithm, PrivateKey>;
}

class Work {
  readonly authorities: AuthorityFile[] = [];
  readonly certificates: IssuedFile[] = [];
  #files = 0;

  constructor(
    readonly dir: string,
    readonly caKeys: Record<KeyAlgorithm, PrivateKey>,
    readonly leafKeys: Record<KeyAlgorithm, PrivateKey>,
  ) {}

  async addTree(): Promise<PkiTree> {
    const dir = join(this.dir, 'tree');
    const first = await initPki({
      dir,
      hosts: HOSTS,
      devices: ['esp-001', 'esp-002', 'esp-003'],
      chips: ['esp32', 'esp32s3'],
    });
    const { paths } = first;
    const add = async (what: string, role: Role, commonName: string, pem: Pem, revoked = false): Promise<void> => {
      const side =
        role === 'device' ? { ca: paths.deviceCaCert, crl: paths.deviceCaCrl } : { ca: paths.caCert, crl: paths.caCrl };
      const path = await this.write(pem);
      this.certificates.push({ what, role, commonName, path, ...side, keyAlgorithm: 'ec-p256', revoked });
    };
    await add('the tree’s broker', 'broker', 'broker', first.broker.cert);
    await add('the tree’s OTA server', 'ota', 'ota', first.ota.cert);
    await add('the tree’s operator', 'operator', 'operator', first.operator.cert);
    await add('the tree’s device', 'device', 'esp-001', (await first.device('esp-001')).cert);
    await add('a revoked device', 'device', 'esp-002', (await first.device('esp-002')).cert, true);
    for (const name of ['broker', 'ota', 'operator', 'esp-001'] as const) {
      const { cert } = await first.renew(name);
      await add(`the renewed ${name}`, name === 'esp-001' ? 'device' : name, name, cert);
    }
    const rekeyed = await first.renew('esp-003', { dangerouslyReplaceKey: true, revokeOld: true });
    await add('a device with a new key', 'device', 'esp-003', rekeyed.cert);
    for (const role of ['device', 'operator'] as const) {
      const key = await generatePrivateKey('ec-p256');
      const csr = await createCsr({ key: key.pem, subject: { CN: 'whatever' } });
      const commonName = `requested-${role}`;
      const { certificate } = await first.signCsr({ csr, commonName, role });
      await add(`a ${role} from a request`, role, commonName, certificate);
    }
    await first.revoke({ commonName: 'esp-002' }, { reason: 'keyCompromise' });
    const keyAlgorithm = 'ec-p256';
    this.authorities.push({ what: 'the tree’s CA', path: paths.caCert, crl: paths.caCrl, keyAlgorithm });
    this.authorities.push({
      what: 'the tree’s device CA',
      path: paths.deviceCaCert,
      crl: paths.deviceCaCrl,
      keyAlgorithm,
    });
    return openPki(dir);
  }

  /** Every role by this CA with a key like its own; devices also with every other kind of key, and from requests. */
  async addAuthority(algorithm: KeyAlgorithm): Promise<void> {
    const store = new MemoryPkiStore();
    const signer = keySigner(this.caKeys[algorithm].keyObject);
    const subject = { C: 'SE', O: 'Räksmörgås €', CN: `CA ${algorithm}` };
    const { ca } = await createCertificateAuthority({ subject, signer, roles: ROLES, store });
    const { crl } = await issueCrl({ certificate: ca.certificate, signer, store });
    const files = { ca: await this.write(ca.certificate), crl: await this.write(crl) };
    this.authorities.push({ what: `CA ${algorithm}`, path: files.ca, crl: files.crl, keyAlgorithm: algorithm });
    const add = async (what: string, role: Role, commonName: string, keyAlgorithm: KeyAlgorithm, pem: Pem) => {
      const path = await this.write(pem);
      this.certificates.push({ what, role, commonName, path, ...files, keyAlgorithm, revoked: false });
    };
    for (const role of ROLES) {
      const { certificate, commonName } = await this.issue(ca, role, algorithm);
      await add(`${role} ${algorithm} by CA ${algorithm}`, role, commonName, algorithm, certificate);
    }
    for (const other of KEY_ALGORITHMS) {
      const commonName = `from-${other}`;
      const csr = await createCsr({ key: this.leafKeys[other].keyObject, subject: { CN: commonName }, san: SAN });
      const { certificate } = await ca.issueFromCsr({ csr, role: 'device', takeCommonName: true });
      await add(`device ${other} from a request by CA ${algorithm}`, 'device', commonName, other, certificate);
    }
  }

  async addFarDates(what: string, notAfter: Date): Promise<void> {
    const store = new MemoryPkiStore();
    const signer = keySigner(this.caKeys['ec-p256'].keyObject);
    const { ca } = await createCertificateAuthority({
      ...{ subject: { CN: `CA, ${what}` }, signer, roles: ROLES, store, notAfter },
      notBefore: new Date(0),
    });
    const { crl } = await issueCrl({ certificate: ca.certificate, signer, store, nextUpdate: notAfter });
    const files = { ca: await this.write(ca.certificate), crl: await this.write(crl) };
    const keyAlgorithm = 'ec-p256';
    this.authorities.push({ what: `a CA, ${what}`, path: files.ca, crl: files.crl, keyAlgorithm });
    for (const role of ROLES) {
      const { certificate, commonName } = await this.issue(ca, role, keyAlgorithm, notAfter);
      const path = await this.write(certificate);
      this.certificates.push({
        what: `${role}, ${what}`,
        role,
        commonName,
        path,
        ...files,
        keyAlgorithm,
        revoked: false,
      });
    }
  }

  private async issue(
    ca: CertificateAuthority,
    role: Role,
    keyAlgorithm: KeyAlgorithm,
    notAfter?: Date,
  ): Promise<{ certificate: Pem; commonName: string }> {
    const isServer = role === 'broker' || role === 'ota';
    const commonName = isServer ? role : `${role}-1`;
    const { certificate } = await ca.issue({
      role,
      subject: { O: 'Räksmörgås €', CN: commonName },
      key: createPublicKey(this.leafKeys[keyAlgorithm].keyObject),
      ...(isServer ? { san: SAN } : {}),
      ...(notAfter === undefined ? {} : { notBefore: new Date(0), notAfter }),
    });
    return { certificate, commonName };
  }

  async write(pem: Pem): Promise<string> {
    await mkdir(join(this.dir, 'files'), { recursive: true });
    const path = join(this.dir, 'files', `${++this.#files}.pem`);
    await writeFile(path, pem);
    return path;
  }
}
