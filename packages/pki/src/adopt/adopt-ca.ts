import { createPrivateKey } from 'node:crypto';
import { encodePem, type Pem } from '../pem.js';
import { keyIdentifier } from '../certificate/certificate-builder.js';
import type { SerialHex } from '../certificate/certificate-info.js';
import { checkDate } from '../certificate/validity.js';
import { signCrl } from '../crl/crl-builder.js';
import { PkiError } from '../errors.js';
import { deleteFile } from '../files/atomic-file.js';
import { spkiOf } from '../keys/key-pair.js';
import { keySigner } from '../keys/signer.js';
import type { TreeContext } from '../tree/tree-context.js';
import { ensureCrls } from '../tree/tree-crls.js';
import type { Authorities, AuthorityFile } from '../tree/tree-files.js';
import { readFirmwareKey } from '../tree/tree-signing-keys.js';
import { type AdoptedCa, readAdoptedFiles } from './adopted-ca.js';
import { crossCertify } from './cross-certificate.js';
import { ensureOperatorTrust } from './operator-trust.js';
import { readScriptTree, type ScriptTree } from './script-tree.js';

/** Whose CA to adopt, and for how long. */
export interface AdoptOptions {
  /** root of the tree of `certificate_creation.sh`: the folder with `ca/certs/ca.crt` and `ca/keys/ca.key` in it */
  readonly from: string;
  /**
   * When its CA is trusted no more. Default: as before where it is adopted already, else 180 days from now, or the end of
   * its certificate if that is sooner.
   */
  readonly until?: Date;
  /** keep our own firmware signing key where it differs from the one in `from`; default false: `ERR_PKI_EXISTS` */
  readonly keepSigningKey?: boolean;
}

/** A certificate in the adopted tree. */
export interface AdoptedHolder {
  /** of the certificate's file, absolute */
  readonly path: string;
  readonly commonName: string;
  readonly serial: SerialHex;
  readonly notAfter: Date;
}

/** What was adopted, and who can act as an operator because of it. */
export interface AdoptReport {
  readonly ca: AdoptedCa;
  /** whoever has the key of one of these acts as an operator until `ca.until`; the CA may have signed more */
  readonly operators: readonly AdoptedHolder[];
  /** the firmware key of `from`: copied, equal to ours, not there, or not taken because ours is another one */
  readonly signingKey: 'taken' | 'same' | 'none' | 'kept_ours';
}

const DEFAULT_DAYS = 180;
const DAY_MS = 86_400_000;

/** Whatever a killed run left is completed by the next: `ca.crt` is written last, and with it the adoption counts. */
export async function adoptInTree(
  options: AdoptOptions,
  authorities: Authorities,
  context: TreeContext,
): Promise<AdoptReport> {
  const { paths, now, writer } = context;
  const tree = await readScriptTree(options.from, now());
  const known = await readAdoptedFiles(context);
  const until = endOf(options.until, tree, { known, now: now() });
  refuseOthers(tree, { known, authorities, now: now() });
  const signingKey = await takeSigningKey(tree, options.keepSigningKey === true, context);
  let ca = known;
  const same = known?.fingerprint256 === tree.ca.info.fingerprint256 && known.until.getTime() === until.getTime();
  if (!ca || !same || ca.cross === undefined) {
    const made = await toAdoptedCa(tree, { until, now: now(), root: authorities.servers });
    const crls = await ensureCrls(authorities, context);
    if (known && known.fingerprint256 !== made.fingerprint256) await deleteFile(paths.adopted.ca);
    await ensureOperatorTrust(authorities.servers, crls.servers, context, made);
    await writer.writePublic(paths.adopted.crl, made.crl);
    await writer.writePublic(paths.adopted.cross, made.cross);
    await writer.writePublic(paths.adopted.ca, made.certificate);
    ca = made;
  } else {
    await ensureCrls(authorities, context);
  }
  const operators = tree.certificates.map(({ path, info }) =>
    Object.freeze({ path, commonName: info.subject.CN ?? '', serial: info.serial, notAfter: info.notAfter }),
  );
  return Object.freeze({ ca, operators, signingKey });
}

/** Takes the CA out of the files that name it; the next look at them is the end of it. */
export async function endAdoptionInTree(authorities: Authorities, context: TreeContext): Promise<boolean> {
  const { ca, crl, cross } = context.paths.adopted;
  const known = await readAdoptedFiles(context);
  context.writer.announce(ca);
  await deleteFile(ca);
  await deleteFile(crl);
  await deleteFile(cross);
  await ensureCrls(authorities, context);
  return known !== undefined;
}

/** @throws PkiError `ERR_PKI_VALIDITY` */
function endOf(
  wanted: Date | undefined,
  { ca }: ScriptTree,
  { known, now }: { known: AdoptedCa | undefined; now: Date },
): Date {
  const last = ca.info.notAfter;
  // to repeat the call is not to prolong it
  const current = known?.fingerprint256 === ca.info.fingerprint256 && now < known.until ? known.until : undefined;
  if (wanted === undefined && current) return current;
  if (wanted === undefined)
    return checkDate(new Date(Math.min(now.getTime() + DEFAULT_DAYS * DAY_MS, last.getTime())), 'until');
  const until = checkDate(wanted, 'until');
  if (until > now && until <= last) return until;
  const message = `until must be later than now and not later than ${last.toISOString()}, the end of ${ca.path}`;
  throw new PkiError('ERR_PKI_VALIDITY', message, { field: 'until' });
}

function refuseOthers(
  { ca, root }: ScriptTree,
  { known, authorities, now }: { known: AdoptedCa | undefined; authorities: Authorities; now: Date },
): void {
  const ours = [...authorities.servers.roots, ...authorities.devices.roots];
  if (ours.some(({ spki }) => spki.equals(ca.spki))) {
    throw new PkiError('ERR_PKI_EXISTS', `${root} is of this tree itself`, { path: ca.path, field: 'from' });
  }
  if (known && known.fingerprint256 !== ca.info.fingerprint256 && now < known.until) {
    const message = `another CA is adopted until ${known.until.toISOString()}: end that one first`;
    throw new PkiError('ERR_PKI_EXISTS', message, { path: ca.path, field: 'from' });
  }
}

/** What the CA's key is needed for, once: an empty list and the bridge to our root, both over when the adoption is. */
async function toAdoptedCa(
  { ca, caKey }: ScriptTree,
  { until, now, root }: { until: Date; now: Date; root: AuthorityFile },
): Promise<AdoptedCa & { readonly cross: Pem }> {
  const { info, spki, subjectDer } = ca;
  const begin = checkDate(new Date(now.getTime() - DAY_MS), 'now');
  const content = {
    issuer: subjectDer,
    issuerKeyId: info.subjectKeyId === undefined ? keyIdentifier(spki) : Buffer.from(info.subjectKeyId, 'hex'),
    number: BigInt(Math.floor(now.getTime() / 1000)),
    thisUpdate: begin,
    nextUpdate: until,
    revoked: [],
  };
  const crl = encodePem('X509 CRL', await signCrl(content, keySigner(caKey)));
  const { serial, fingerprint256, notAfter } = info;
  const certificate: Pem = `${ca.pem.trimEnd()}\n`;
  const notBefore = begin < info.notBefore ? info.notBefore : begin;
  const cross = await crossCertify(root, { ca, caKey }, { notBefore, notAfter: until });
  return Object.freeze({ certificate, crl, cross, until, serial, fingerprint256, notAfter });
}

/** Devices in the field trust exactly one firmware key: neither is ever written over. */
export async function takeSigningKey(
  { signingKey, root }: ScriptTree,
  keepOurs: boolean,
  { paths, writer }: TreeContext,
): Promise<AdoptReport['signingKey']> {
  if (signingKey === undefined) return 'none';
  const ours = await readFirmwareKey(paths, 'v1-ecdsa-p256');
  const path = paths.firmwareKeys['v1-ecdsa-p256'];
  if (ours === undefined) {
    await writer.createSecret(path, `${signingKey.pem.trimEnd()}\n`);
    return 'taken';
  }
  const [one, two] = [ours, signingKey.pem].map((pem) => spkiOf(createPrivateKey(pem)));
  if (one && two?.equals(one)) return 'same';
  if (keepOurs) return 'kept_ours';
  const message = `${path} is another key than ${signingKey.path}; the devices of ${root} trust theirs only`;
  throw new PkiError('ERR_PKI_EXISTS', message, { path, field: 'keepSigningKey' });
}
