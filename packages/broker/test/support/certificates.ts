import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A certificate with its key: PEM, and the files they are in. */
export interface Credentials {
  readonly cert: string;
  readonly key: string;
  readonly certPath: string;
  readonly keyPath: string;
}

/** Two CAs, the broker, one operator, devices, and what must be refused. */
export interface TestCertificates {
  readonly ca: string;
  readonly caPath: string;
  readonly deviceCa: string;
  readonly deviceCaPath: string;
  readonly broker: Credentials;
  readonly operator: Credentials;
  /** `esp-001` or `esp-002`. */
  readonly device: (id: string) => Credentials;
  /** A device's certificate of a CA that nobody trusts. */
  readonly stranger: Credentials;
  /** Of the devices' CA, but its CN is no device id. */
  readonly unnamed: Credentials;
  /** CN `esp-001` of the devices' CA, but for servers only. */
  readonly serverAsDevice: Credentials;
  /** A revocation list of the devices' CA. */
  readonly deviceCrl: (revoked: readonly Credentials[]) => string;
  /** A revocation list of the operators' CA. */
  readonly operatorCrl: (revoked: readonly Credentials[]) => string;
  /** Another operator, CN `night-shift`. */
  readonly otherOperator: Credentials;
}

const EXTENSIONS = {
  ca: ['basicConstraints=critical,CA:TRUE', 'keyUsage=critical,keyCertSign,cRLSign', 'subjectKeyIdentifier=hash'],
  client: ['basicConstraints=critical,CA:FALSE', 'keyUsage=critical,digitalSignature', 'extendedKeyUsage=clientAuth'],
  server: [
    'basicConstraints=critical,CA:FALSE',
    'keyUsage=critical,digitalSignature',
    'extendedKeyUsage=serverAuth',
    'subjectAltName=DNS:localhost,IP:127.0.0.1',
  ],
};

/** Makes them with the `openssl` command line, an implementation that is not ours. About a second. */
export function createTestCertificates(dir: string): TestCertificates {
  mkdirSync(dir, { recursive: true });
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: dir, stdio: ['ignore', 'pipe', 'pipe'] });
  const path = (name: string) => join(dir, name);
  const read = (name: string) => readFileSync(path(name), 'utf8');

  const authority = (name: string) => {
    const extensions = EXTENSIONS.ca.flatMap((extension) => ['-addext', extension]);
    openssl(
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
      ...['-subj', `/OU=ca/CN=${name}`, '-keyout', `${name}.key`, '-out', `${name}.crt`, ...extensions],
    );
  };
  const issue = (file: string, ca: string, commonName: string, profile: keyof typeof EXTENSIONS): Credentials => {
    openssl(
      ...['req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
      ...['-subj', `/CN=${commonName}`, '-keyout', `${file}.key`, '-out', `${file}.csr`],
    );
    writeFileSync(path(`${file}.ext`), EXTENSIONS[profile].join('\n'));
    openssl(
      ...['x509', '-req', '-in', `${file}.csr`, '-CA', `${ca}.crt`, '-CAkey', `${ca}.key`, '-CAcreateserial'],
      ...['-days', '2', '-extfile', `${file}.ext`, '-out', `${file}.crt`],
    );
    return {
      cert: read(`${file}.crt`),
      key: read(`${file}.key`),
      certPath: path(`${file}.crt`),
      keyPath: path(`${file}.key`),
    };
  };

  const crl = (authority: string, revoked: readonly Credentials[]): string => {
    writeFileSync(path('index.txt'), '');
    writeFileSync(path('crlnumber'), '01\n');
    writeFileSync(
      path('crl.cnf'),
      '[ca]\ndefault_ca=d\n[d]\ndatabase=index.txt\ncrlnumber=crlnumber\ndefault_md=sha256\ndefault_crl_days=2\n',
    );
    const ca = ['-config', 'crl.cnf', '-cert', `${authority}.crt`, '-keyfile', `${authority}.key`];
    for (const { certPath } of revoked) openssl('ca', ...ca, '-revoke', certPath);
    return openssl('ca', ...ca, '-gencrl').toString('utf8');
  };

  for (const name of ['ca', 'device-ca', 'other-ca']) authority(name);
  const devices = new Map(['esp-001', 'esp-002'].map((id) => [id, issue(id, 'device-ca', id, 'client')]));
  return {
    ca: read('ca.crt'),
    caPath: path('ca.crt'),
    deviceCa: read('device-ca.crt'),
    deviceCaPath: path('device-ca.crt'),
    broker: issue('broker', 'ca', 'localhost', 'server'),
    operator: issue('operator', 'ca', 'operator', 'client'),
    device(id) {
      const credentials = devices.get(id);
      if (credentials === undefined) throw new Error(`no test device ${id}`);
      return credentials;
    },
    stranger: issue('stranger', 'other-ca', 'esp-001', 'client'),
    unnamed: issue('unnamed', 'device-ca', 'esp.+', 'client'),
    serverAsDevice: issue('server-as-device', 'device-ca', 'esp-001', 'server'),
    otherOperator: issue('other-operator', 'ca', 'night-shift', 'client'),
    deviceCrl: (revoked) => crl('device-ca', revoked),
    operatorCrl: (revoked) => crl('ca', revoked),
  };
}
