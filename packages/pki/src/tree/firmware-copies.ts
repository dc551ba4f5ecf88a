import { parseCertificatePem } from '../certificate/certificate-info.js';
import { PkiError } from '../errors.js';
import { removeAccessOfOthers } from '../files/directory.js';
import { readTextFile } from '../files/text-file.js';
import { spkiOf } from '../keys/key-pair.js';
import type { Pem } from '../pem.js';
import type { TreeContext } from './tree-context.js';
import { readCredentials } from './tree-credentials.js';
import { listDevices } from './tree-devices.js';
import { type AuthorityFile, readCertificateFile, readKeyFile } from './tree-files.js';
import { deviceParty } from './tree-parties.js';
import type { TreePaths } from './tree-paths.js';

export interface FirmwareCopies {
  /** whose pair to copy when none is there yet */
  readonly firstDevice: string | undefined;
  readonly deviceCa: AuthorityFile;
  readonly serverCa: Pem;
  readonly updateCert: Pem;
}

/**
 * Copies for the firmware project: `main/mqtt_certs` (the first device's pair and the server CA) and
 * `main/ota_certs`. A pair that this tree did not make is refused, never overwritten.
 *
 * @throws PkiError `ERR_PKI_EXISTS`, and those of reading
 */
export async function ensureFirmwareCopies(copies: FirmwareCopies, context: TreeContext): Promise<void> {
  const { paths, writer } = context;
  const id = (await copiedDevice(paths)) ?? copies.firstDevice;
  if (id !== undefined) await copyPair(id, copies.deviceCa, context);
  if ((await readTextFile(paths.mqttCa)) !== copies.serverCa) {
    await writer.writePublic(paths.mqttCa, copies.serverCa, 'secret');
  }
  if ((await readTextFile(paths.otaCertsCa)) !== copies.serverCa) {
    await writer.writePublic(paths.otaCertsCa, copies.serverCa);
  }
  if ((await readTextFile(paths.otaCertsUpdateCert)) !== copies.updateCert) {
    await writer.writePublic(paths.otaCertsUpdateCert, copies.updateCert);
  }
}

/** Whose pair lies in `main/mqtt_certs`; after a killed run it may be the key alone. */
async function copiedDevice(paths: TreePaths): Promise<string | undefined> {
  const certificate = await readCertificateFile(paths.mqttClientCert);
  if (certificate) return certificate.info.subject.CN;
  const key = await readTextFile(paths.mqttClientKey);
  if (key === undefined) return undefined;
  for (const id of await listDevices(paths)) {
    if ((await readTextFile(paths.device(id).key)) === key) return id;
  }
  throw foreign(paths.mqttClientKey);
}

async function copyPair(id: string, deviceCa: AuthorityFile, context: TreeContext): Promise<void> {
  const { paths, writer } = context;
  const known = (await listDevices(paths)).includes(id);
  const device = known ? await readCredentials(deviceParty(paths, id), deviceCa) : undefined;
  const copy = await readCertificateFile(paths.mqttClientCert);
  if (!device || (copy && !(await isKeyOf(id, copy.spki, context)))) throw foreign(paths.mqttClientCert);

  const key = await readTextFile(paths.mqttClientKey);
  if (key === undefined) await writer.createSecret(paths.mqttClientKey, device.key.pem);
  else if (key === device.key.pem) await removeAccessOfOthers(paths.mqttClientKey);
  else {
    // a key of that device before it got a new one; the key itself is the one in `devices`
    const old = await readKeyFile(paths.mqttClientKey);
    if (!old || !(await isKeyOf(id, spkiOf(old.keyObject), context))) throw foreign(paths.mqttClientKey);
    await writer.replaceSecret(paths.mqttClientKey, device.key.pem);
  }
  if (copy?.pem !== device.certificate.pem) {
    await writer.writePublic(paths.mqttClientCert, device.certificate.pem, 'secret');
  }
}

/** Whether this tree certified the key for that device, now or earlier. */
async function isKeyOf(id: string, spki: Buffer, { store }: TreeContext): Promise<boolean> {
  for await (const { certificate } of store.list({ role: 'device', commonName: id })) {
    if (parseCertificatePem(certificate).spki.equals(spki)) return true;
  }
  return false;
}

const foreign = (path: string): PkiError =>
  new PkiError('ERR_PKI_EXISTS', `${path} is not the file of a device of this tree; move it away`, { path });
