import {
  type CertificateInfo,
  enrollOverEst,
  fetchEstCaCerts,
  generatePrivateKey,
  isPkiError,
  isRenewalDue,
  parseCertificate,
  reenrollOverEst,
} from '@secure-esp/pki';
import { X509Certificate, createPrivateKey } from 'node:crypto';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { CliError } from '../errors.js';
import { makePrivateFolder, readIfThere, replacePrivateFile } from './est-files.js';

/** What a device keeps of itself: its pair, the CA by which it knows servers, and the one that signs it. */
export interface Identity {
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
  readonly info: CertificateInfo;
}

/** The files of a device's identity folder. */
export const identityFiles = (dir: string) => ({
  cert: join(dir, 'client.crt'),
  key: join(dir, 'client.key'),
  /** of a renewal under way */
  nextKey: join(dir, 'client.key.next'),
  ca: join(dir, 'ca.crt'),
  deviceCa: join(dir, 'device-ca.crt'),
});

const missing = (path: string): CliError =>
  new CliError(`"${path}" is missing.`, 'Put it back, or move the folder away and enrol again.');

/** The identity in a folder, or undefined before the device enrolled. Completes a renewal that was killed. */
export async function readIdentity(dir: string): Promise<Identity | undefined> {
  const files = identityFiles(dir);
  const cert = await readIfThere(files.cert);
  if (cert === undefined) return undefined;
  const next = await readIfThere(files.nextKey);
  if (next !== undefined && isPair(cert, next)) await rename(files.nextKey, files.key);
  const key = await readIfThere(files.key);
  if (key === undefined) throw missing(files.key);
  if (!isPair(cert, key)) throw new CliError(`"${files.key}" is not the key of "${files.cert}".`);
  const ca = await readIfThere(files.ca);
  if (ca === undefined) throw missing(files.ca);
  return { cert, key, ca, info: parseCertificate(cert) };
}

const isPair = (cert: string, key: string): boolean => new X509Certificate(cert).checkPrivateKey(createPrivateKey(key));

export interface EnrolIntoOptions {
  readonly url: string;
  readonly ca: string;
  readonly deviceId: string;
  readonly token: string | undefined;
  readonly signal: AbortSignal;
}

/** Enrols. The key is on disk before it is sent, and the certificate is written last: a run that failed is repeated. */
export async function enrolInto(dir: string, { token, ...options }: EnrolIntoOptions): Promise<Identity> {
  const files = identityFiles(dir);
  await makePrivateFolder(dir);
  const key = await keyAt(files.key);
  const device = await enrollOverEst({ ...options, key, ...(token === undefined ? {} : { claimToken: token }) });
  await replacePrivateFile(files.ca, options.ca);
  await replacePrivateFile(files.deviceCa, device.deviceCa);
  await replacePrivateFile(files.cert, device.certificate);
  return { cert: device.certificate, key, ca: options.ca, info: device.info };
}

export interface RenewInOptions {
  readonly url: string;
  /** percent of its time that must be spent */
  readonly atPercent: number;
  readonly newKey: boolean;
  readonly signal: AbortSignal;
}

/** Renews what is due. A run that is killed leaves a good pair, the old or the new one. */
export async function renewIn(
  dir: string,
  identity: Identity,
  { url, atPercent, newKey, signal }: RenewInOptions,
): Promise<{ readonly identity: Identity; readonly renewed: boolean }> {
  if (!isRenewalDue(identity.info, new Date(), atPercent)) return { identity, renewed: false };
  const files = identityFiles(dir);
  const deviceCa = await deviceCaOf({ url, ca: identity.ca, signal }, await readIfThere(files.deviceCa));
  const next = newKey ? await keyAt(files.nextKey) : undefined;
  const { certificate, info, ...issuer } = await reenrollOverEst({
    url,
    ca: identity.ca,
    cert: identity.cert,
    key: identity.key,
    deviceCa,
    signal,
    ...(next === undefined ? {} : { newKey: next }),
  });
  await replacePrivateFile(files.deviceCa, issuer.deviceCa);
  await replacePrivateFile(files.cert, certificate);
  if (next !== undefined) await rename(files.nextKey, files.key);
  return { identity: { ...identity, cert: certificate, key: next ?? identity.key, info }, renewed: true };
}

/** The server tells: it may have a new device CA. The port for certificates that are over does not, so the old one counts. */
async function deviceCaOf(
  server: { readonly url: string; readonly ca: string; readonly signal: AbortSignal },
  kept: string | undefined,
): Promise<string> {
  try {
    return (await fetchEstCaCerts(server)).join('');
  } catch (error) {
    if (kept === undefined || !isPkiError(error) || error.code !== 'ERR_PKI_EST_REFUSED') throw error;
    return kept;
  }
}

/** A key that an earlier, failed run has left serves as well as a fresh one; for a claim it is the only one that does. */
async function keyAt(path: string): Promise<string> {
  const found = await readIfThere(path);
  if (found !== undefined) return found;
  const { pem } = await generatePrivateKey('ec-p256');
  await replacePrivateFile(path, pem);
  return pem;
}
