import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { openssl } from './pki-servers.js';

/**
 * The tree of `certificate_creation.sh`, made by the commands of that script: RSA, leaves of version 1 without any
 * extension, one name for everybody; and the firmware signing key of the README around it.
 */
export async function makeScriptTree(dir: string, cn = 'localhost'): Promise<string> {
  for (const folder of ['ca/keys', 'ca/certs', 'ca/req', 'main/mqtt_certs', 'main/ota_certs']) {
    await mkdir(join(dir, folder), { recursive: true });
  }
  const at = (name: string): string => join(dir, 'ca', name);
  const subject = (unit: string): string => `/C=SE/ST=Stockholm/L=Stockholm/O=himinds/OU=${unit}/CN=${cn}`;
  const rsa = ['-nodes', '-sha256', '-newkey', 'rsa:2048'];
  const caFiles = ['-keyout', at('keys/ca.key'), '-out', at('certs/ca.crt')];
  await openssl('req', '-x509', ...rsa, '-subj', subject('CA'), '-days', '365', ...caFiles);
  const ca = ['-CA', at('certs/ca.crt'), '-CAkey', at('keys/ca.key'), '-CAcreateserial'];
  for (const [unit, key, request, certificate] of [
    ['MQTTServer', 'keys/server.key', 'req/server.csr', 'certs/server.crt'],
    ['MQTTClient', 'keys/client.key', 'req/client.csr', 'certs/client.crt'],
    ['MQTTClient', 'keys/update_key.pem', 'req/update_req.pem', 'certs/update_cert.pem'],
  ] as const) {
    await openssl('req', '-new', ...rsa, '-subj', subject(unit), '-out', at(request), '-keyout', at(key));
    const files = ['-in', at(request), '-out', at(certificate)];
    await openssl('x509', '-req', '-sha256', ...files, ...ca, '-days', '365');
  }
  const key = join(dir, 'secure_boot_signing_key.pem');
  await openssl('ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', key);
  return dir;
}
