import { parseCertificate, type CertificateInfo } from '@secure-esp/pki';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { relative } from 'node:path';
import { fail, ok, skip, warn, type Check, type CheckResult, type DoctorWorld } from './check.js';
import { hostOf } from './program-checks.js';
import { some } from './tree-checks.js';
import { devicePartiesOf, partiesOf, type Party } from './tree-layout.js';

const DAY_MS = 86_400_000;
/** Time left to renew, days. */
const SOON_DAYS = 30;
/** A new CA has to reach every device first. */
const CA_SOON_DAYS = 365;

const certificates: Check = {
  id: 'certificate',
  network: false,
  run: (world) => Promise.all(partiesOf(world.dir).map((party) => lookAt(party, world))),
};

const devices: Check = {
  id: 'certificate:devices',
  network: false,
  run: async (world) => {
    const id = 'certificate:devices';
    const parties = await devicePartiesOf(world.dir);
    if (parties.length === 0) return [skip(id, 'the tree has no devices')];
    const results: CheckResult[] = [];
    // one after the other: thousands of files would be open otherwise
    for (const party of parties) results.push(await lookAt(party, world));
    const bad = results.filter(({ verdict }) => verdict === 'fail');
    const late = results.filter(({ verdict }) => verdict === 'warn');
    const first = bad[0] ?? late[0];
    if (first?.nextStep === undefined) return [ok(id, `${parties.length} of ${parties.length} are good`)];
    const names = some((bad.length > 0 ? bad : late).map((result) => result.id.replace(/^certificate:/, '')));
    const counted = `${bad.length} bad, ${late.length} end soon: ${names}; ${first.message}`;
    return [(bad.length > 0 ? fail : warn)(id, counted, first.nextStep)];
  },
};

interface Read {
  readonly info: CertificateInfo;
  readonly x509: X509Certificate;
}

async function lookAt(party: Party, world: DoctorWorld): Promise<CheckResult> {
  const id = `certificate:${party.name}`;
  const shown = relative(world.context.cwd, party.cert);
  let found: Read;
  try {
    found = read(await readFile(party.cert, 'utf8'));
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    const what = missing ? 'is missing' : `cannot be read: ${error instanceof Error ? error.message : 'damaged'}`;
    return fail(id, `${shown} ${what}.`, missing ? 'Make it with `secure-esp pki init`.' : 'Put a backup of it back.');
  }
  const wrong = timesOf(party, found, world.now()) ?? (await chainOf(party, found)) ?? (await keyOf(party, found));
  if (wrong?.verdict === 'fail') return { ...wrong, id };
  const unnamed = namesOf(party, found, world);
  if (unnamed !== undefined) return { ...unnamed, id };
  if (wrong !== undefined) return { ...wrong, id };
  return ok(id, `until ${dayOf(found.info.notAfter)}`);
}

const read = (pem: string): Read => ({ info: parseCertificate(pem), x509: new X509Certificate(pem) });

const dayOf = (date: Date): string => date.toISOString().slice(0, 10);

const renewal = ({ role, name }: Party, info: CertificateInfo): string =>
  role === 'ca'
    ? `Replace the CA with \`secure-esp pki rollover ${name} --prepare\`.`
    : `Renew it with \`secure-esp pki renew ${role === 'operator' ? (info.subject.CN ?? name) : name}\`.`;

function timesOf(party: Party, { info }: Read, now: Date): CheckResult | undefined {
  const leftDays = Math.floor((info.notAfter.getTime() - now.getTime()) / DAY_MS);
  if (info.notBefore > now)
    return fail(
      '',
      `it begins only on ${info.notBefore.toISOString()}.`,
      'Set this computer’s clock, which is behind.',
    );
  if (info.notAfter < now) return fail('', `it ended on ${dayOf(info.notAfter)}.`, renewal(party, info));
  const soon = party.role === 'ca' ? CA_SOON_DAYS : SOON_DAYS;
  return leftDays < soon ? warn('', `it ends in ${leftDays} days.`, renewal(party, info)) : undefined;
}

async function chainOf({ issuer, name, role }: Party, { x509 }: Read): Promise<CheckResult | undefined> {
  const bundle = await readFile(issuer, 'utf8').catch(() => '');
  const roots = bundle.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  const signed = roots.some((pem) => {
    const root = new X509Certificate(pem);
    return x509.checkIssued(root) && x509.verify(root.publicKey);
  });
  if (signed) return undefined;
  const step = role === 'ca' ? 'Put a backup of it back.' : `Issue it again with \`secure-esp pki renew ${name}\`.`;
  return fail('', `it is not signed by the CA in ${issuer.split('/').slice(-3).join('/')}.`, step);
}

/** Keys of CAs and of devices may be elsewhere, those of servers and operators are needed here. */
async function keyOf({ key, role }: Party, { x509 }: Read): Promise<CheckResult | undefined> {
  const pem = await readFile(key, 'utf8').catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  });
  if (pem === undefined) {
    if (role === 'ca' || role === 'device') return undefined;
    return fail(
      '',
      'its private key is missing.',
      'Put a backup of it back, or delete the certificate and run `pki init`.',
    );
  }
  let matches: boolean;
  try {
    matches = x509.checkPrivateKey(createPrivateKey(pem));
  } catch {
    // not a key at all, which is no key of this certificate either
    matches = false;
  }
  // the key of a CA waits elsewhere while it is rolled over
  if (matches || role === 'ca') return undefined;
  return fail('', 'the key next to it is that of another certificate.', 'Put a backup of both back.');
}

function namesOf({ role }: Party, { x509 }: Read, world: DoctorWorld): CheckResult | undefined {
  const urls = role === 'broker' ? [world.operatorUrl, world.deviceUrl] : role === 'ota' ? [world.otaUrl] : [];
  const hosts = [...new Set(urls.map(hostOf))];
  const missing = hosts.filter(
    (host) => (isIP(host) === 0 ? x509.checkHost(host, { subject: 'never' }) : x509.checkIP(host)) === undefined,
  );
  if (missing.length === 0) return undefined;
  const flags = missing.map((host) => `--host ${host}`).join(' ');
  return fail(
    '',
    `it does not name ${missing.join(', ')}, where clients look for it.`,
    `Add the name with \`secure-esp pki init ${flags}\`, and start the server again.`,
  );
}

/** What every certificate is worth. */
export const certificateChecks: readonly Check[] = [certificates, devices];
