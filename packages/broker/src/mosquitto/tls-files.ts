import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { BrokerError } from '../errors.js';
import { type BrokerTls, checkTls } from '../tls.js';
import type { BrokerTlsPaths } from './mosquitto-config.js';

/** The same paths, absolute: Mosquitto resolves relative ones against its own working directory. */
export function absolutePaths(tls: BrokerTlsPaths): BrokerTlsPaths {
  return {
    certPath: resolve(tls.certPath),
    keyPath: resolve(tls.keyPath),
    operatorCaPath: resolve(tls.operatorCaPath),
    deviceCaPath: resolve(tls.deviceCaPath),
    ...(tls.operatorCrlPath === undefined ? {} : { operatorCrlPath: resolve(tls.operatorCrlPath) }),
    ...(tls.deviceCrlPath === undefined ? {} : { deviceCrlPath: resolve(tls.deviceCrlPath) }),
  };
}

/**
 * Reads and checks everything that Mosquitto is going to read, and throws `bad_tls` naming the file: with a revocation list
 * that it cannot read, Mosquitto 2.0 logs an error and accepts every certificate. Returns what was read, and the broker's own fingerprint.
 */
export async function checkTlsFiles(tls: BrokerTlsPaths): Promise<{ tls: BrokerTls; fingerprint256: string }> {
  const read: BrokerTls = {
    cert: await readPem('certPath', tls.certPath),
    key: await readPem('keyPath', tls.keyPath),
    operatorCa: await readPem('operatorCaPath', tls.operatorCaPath),
    deviceCa: await readPem('deviceCaPath', tls.deviceCaPath),
    ...(tls.operatorCrlPath === undefined
      ? {}
      : { operatorCrl: await readPem('operatorCrlPath', tls.operatorCrlPath) }),
    ...(tls.deviceCrlPath === undefined ? {} : { deviceCrl: await readPem('deviceCrlPath', tls.deviceCrlPath) }),
  };
  checkTls(read);
  return { tls: read, fingerprint256: new X509Certificate(read.cert).fingerprint256 };
}

async function readPem(field: keyof BrokerTlsPaths, path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new BrokerError('bad_tls', `tls.${field}: cannot read ${path}`, { cause });
  }
}
