import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

const run = (...args: string[]): void => {
  execFileSync('openssl', args, { stdio: 'ignore' });
};

/** What `certificate_creation.sh` and the README around it make: RSA, leaves of version 1, one name for everybody. */
export function makeScriptTree(dir: string, { signingKey = true, cn = '192.168.178.123', days = 365 } = {}): string {
  for (const folder of ['ca/keys', 'ca/certs', 'ca/req', 'main/mqtt_certs', 'main/ota_certs']) {
    mkdirSync(join(dir, folder), { recursive: true });
  }
  const at = (name: string): string => join(dir, 'ca', name);
  const subject = (unit: string): string => `/C=SE/ST=Stockholm/L=Stockholm/O=himinds/OU=${unit}/CN=${cn}`;
  const newKey = ['-nodes', '-sha256', '-newkey', 'rsa:2048'];
  const ca = ['-CA', at('certs/ca.crt'), '-CAkey', at('keys/ca.key'), '-CAcreateserial'];
  const caFiles = ['-keyout', at('keys/ca.key'), '-out', at('certs/ca.crt')];
  run('req', '-x509', ...newKey, '-subj', subject('CA'), '-days', String(days), ...caFiles);
  for (const [unit, key, request, certificate] of [
    ['MQTTServer', 'keys/server.key', 'req/server.csr', 'certs/server.crt'],
    ['MQTTClient', 'keys/client.key', 'req/client.csr', 'certs/client.crt'],
    ['MQTTClient', 'keys/update_key.pem', 'req/update_req.pem', 'certs/update_cert.pem'],
  ] as const) {
    run('req', '-new', ...newKey, '-subj', subject(unit), '-out', at(request), '-keyout', at(key));
    run('x509', '-req', '-sha256', '-in', at(request), ...ca, '-out', at(certificate), '-days', String(days));
  }
  const key = join(dir, 'secure_boot_signing_key.pem');
  if (signingKey) run('ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', key);
  return dir;
}
