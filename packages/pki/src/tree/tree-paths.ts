import { join, resolve } from 'node:path';
import type { FirmwareKeyScheme } from '../keys/firmware-key.js';

/** Absolute paths of a device's files, whether they exist or not. */
export interface DevicePaths {
  readonly dir: string;
  readonly cert: string;
  readonly key: string;
  /** what the device trusts as server CA */
  readonly ca: string;
}

export interface AdoptedPaths {
  readonly ca: string;
  /** the list that makes it end */
  readonly crl: string;
  /** our root, certified by that CA */
  readonly cross: string;
  /** the broker's certificate with that behind it */
  readonly brokerChain: string;
  /** what the operators' listener trusts while there is an adopted CA: our own roots and that one */
  readonly operatorCas: string;
  /** the revocation lists of all of them */
  readonly operatorCrls: string;
}

/** Absolute paths of every file in the tree, whether it exists or not. */
export interface TreePaths {
  readonly root: string;
  readonly lock: string;
  /** signs servers and operators */
  readonly caCert: string;
  readonly caKey: string;
  readonly brokerCert: string;
  readonly brokerKey: string;
  readonly operatorCert: string;
  readonly operatorKey: string;
  readonly otaCert: string;
  readonly otaKey: string;
  /** what was revoked of servers and operators */
  readonly caCrl: string;
  /** signs devices */
  readonly deviceCaCert: string;
  readonly deviceCaKey: string;
  /** what was revoked of devices */
  readonly deviceCaCrl: string;
  readonly devicesDir: string;
  /** one folder per device */
  device(id: string): DevicePaths;
  /** copies of the first device's files, where the firmware project looks for them */
  readonly mqttCa: string;
  readonly mqttClientCert: string;
  readonly mqttClientKey: string;
  readonly otaCertsCa: string;
  readonly otaCertsUpdateCert: string;
  /** by signature scheme */
  readonly firmwareKeys: Readonly<Record<FirmwareKeyScheme, string>>;
  readonly releaseKey: string;
  readonly releasePublicKey: string;
  /** one record per certificate ever issued */
  readonly issuedDir: string;
  /** one file per device that may enrol over HTTPS */
  readonly claimsDir: string;
  /** a CA of elsewhere that the operators' listener trusts for a time */
  readonly adopted: AdoptedPaths;
}

export function treePaths(dir: string): TreePaths {
  const root = resolve(dir);
  const at = (...parts: string[]): string => join(root, ...parts);
  return Object.freeze({
    root,
    lock: at('.pki.lock'),
    caCert: at('ca', 'certs', 'ca.crt'),
    caKey: at('ca', 'keys', 'ca.key'),
    caCrl: at('ca', 'crl', 'ca.crl'),
    brokerCert: at('ca', 'certs', 'server.crt'),
    brokerKey: at('ca', 'keys', 'server.key'),
    operatorCert: at('ca', 'certs', 'client.crt'),
    operatorKey: at('ca', 'keys', 'client.key'),
    otaCert: at('ca', 'certs', 'update_cert.pem'),
    otaKey: at('ca', 'keys', 'update_key.pem'),
    deviceCaCert: at('device-ca', 'certs', 'device-ca.crt'),
    deviceCaKey: at('device-ca', 'keys', 'device-ca.key'),
    deviceCaCrl: at('device-ca', 'crl', 'device-ca.crl'),
    devicesDir: at('devices'),
    device: (id: string) => ({
      dir: at('devices', id),
      cert: at('devices', id, 'client.crt'),
      key: at('devices', id, 'client.key'),
      ca: at('devices', id, 'ca.crt'),
    }),
    mqttCa: at('main', 'mqtt_certs', 'ca.crt'),
    mqttClientCert: at('main', 'mqtt_certs', 'client.crt'),
    mqttClientKey: at('main', 'mqtt_certs', 'client.key'),
    otaCertsCa: at('main', 'ota_certs', 'ca.crt'),
    otaCertsUpdateCert: at('main', 'ota_certs', 'update_cert.pem'),
    firmwareKeys: Object.freeze({
      'v1-ecdsa-p256': at('secure_boot_signing_key.pem'),
      'v2-rsa-3072': at('firmware-keys', 'v2-rsa-3072.pem'),
      'v2-ecdsa-p256': at('firmware-keys', 'v2-ecdsa-p256.pem'),
    }),
    releaseKey: at('release-keys', 'release.pem'),
    releasePublicKey: at('release-keys', 'release.pub.pem'),
    issuedDir: at('issued'),
    claimsDir: at('claims'),
    adopted: Object.freeze({
      ca: at('adopted', 'ca.crt'),
      crl: at('adopted', 'ca.crl'),
      cross: at('adopted', 'cross.crt'),
      brokerChain: at('adopted', 'server.crt'),
      operatorCas: at('adopted', 'operators.crt'),
      operatorCrls: at('adopted', 'operators.crl'),
    }),
  });
}
