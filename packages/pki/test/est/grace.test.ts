import { createPrivateKey } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import {
  CertificateAuthority,
  createEstGraceHandler,
  fetchEstCaCerts,
  FilePkiStore,
  generatePrivateKey,
  type Issued,
  keySigner,
  MemoryPkiStore,
  openPki,
  type PkiStore,
  type PkiTree,
  reenrollOverEst,
} from '../../src/index.js';
import { readFile } from 'node:fs/promises';
import { rejected } from '../support/thrown.js';
import { estTree, serve } from './est-tree.js';

const DAY_MS = 86_400_000;
const YEARS = 365 * DAY_MS;

/** A tree that is two years old, opened today. */
async function oldTree() {
  const start = new Date(Date.now() - 2 * YEARS);
  const fixture = await estTree(() => start);
  const { dir } = fixture;
  // the pair of the update server is of 825 days: good today
  return { ...fixture, tree: await openPki(dir), start };
}

/** A pair that ended `days` days ago, recorded like every other. */
async function expired(
  tree: PkiTree,
  CN: string,
  days: number,
): Promise<{ cert: string; key: string; issued: Issued }> {
  const ca = CertificateAuthority.open({
    certificate: tree.deviceCa,
    signer: keySigner(createPrivateKey(await readFile(tree.paths.deviceCaKey, 'utf8'))),
    roles: ['device'],
    store: new FilePkiStore(tree.paths.issuedDir),
  });
  const { pem, keyObject } = await generatePrivateKey('ec-p256');
  const now = Date.now();
  const issued = await ca.issue({
    role: 'device',
    subject: { O: 'secure-esp', CN },
    key: keyObject,
    notBefore: new Date(now - (days + 30) * DAY_MS),
    notAfter: new Date(now - days * DAY_MS),
  });
  return { cert: issued.certificate, key: pem, issued };
}

describe('the grace listener', () => {
  test('renews a certificate whose only defect is that it is over; the other listener does not', async () => {
    const fixture = await oldTree();
    const { tree, events } = fixture;
    const { url, graceUrl } = await serve(fixture, { gracePort: 0 });
    const { cert, key, issued } = await expired(tree, 'esp-001', 40);
    const options = { ca: tree.ca, deviceCa: tree.deviceCa, cert, key };
    const refused = await rejected(reenrollOverEst({ ...options, url }), 'ERR_PKI_EST_REFUSED');
    expect(refused.message).toContain('The client certificate has expired.');
    const renewed = await reenrollOverEst({ ...options, url: graceUrl, newKey: true });
    expect(renewed.info.notAfter.getTime()).toBeGreaterThan(Date.now());
    expect(events.at(-1)).toEqual({
      type: 'reenrolled',
      deviceId: 'esp-001',
      serial: renewed.info.serial,
      replaces: issued.info.serial,
      daysExpired: 41,
    });
    // what is good is renewed there too
    await reenrollOverEst({ ...options, url: graceUrl, cert: renewed.certificate, key: renewed.key });
  });

  test('refuses a revoked one, one of another authority, and one that is over for too long', async () => {
    const fixture = await oldTree();
    const { tree } = fixture;
    const { graceUrl: url } = await serve(fixture, { gracePort: 0, maxDaysExpired: 60 });
    const attempt = async ({ cert, key }: { cert: string; key: string }): Promise<string> => {
      const options = { url, ca: tree.ca, deviceCa: tree.deviceCa, cert, key };
      return (await rejected(reenrollOverEst(options), 'ERR_PKI_EST_REFUSED')).message;
    };
    const revoked = await expired(tree, 'esp-001', 10);
    await tree.revoke({ serial: revoked.issued.info.serial });
    expect(await attempt(revoked)).toContain('revoked');
    expect(await attempt(await expired((await oldTree()).tree, 'esp-001', 10))).toContain('403');
    expect(await attempt(await expired(tree, 'esp-002', 61))).toContain('expired');
  });

  test('refuses a certificate that is not valid yet, and one that the device CA signed but nobody recorded', async () => {
    const fixture = await oldTree();
    const { tree } = fixture;
    const { graceUrl: url } = await serve(fixture, { gracePort: 0 });
    const key = await generatePrivateKey('ec-p256');
    const signer = keySigner(createPrivateKey(await readFile(tree.paths.deviceCaKey, 'utf8')));
    const issue = async (store: PkiStore, from: number) =>
      CertificateAuthority.open({ certificate: tree.deviceCa, signer, roles: ['device'], store }).issue({
        role: 'device',
        subject: { O: 'secure-esp', CN: 'esp-001' },
        key: key.keyObject,
        notBefore: new Date(Date.now() + from),
        notAfter: new Date(Date.now() + from + DAY_MS / 2),
      });
    const early = await issue(new FilePkiStore(tree.paths.issuedDir), DAY_MS);
    const unknown = await issue(new MemoryPkiStore(), -DAY_MS);
    for (const { certificate: cert } of [early, unknown]) {
      const options = { url, ca: tree.ca, deviceCa: tree.deviceCa, cert, key: key.pem };
      const { message } = await rejected(reenrollOverEst(options), 'ERR_PKI_EST_REFUSED');
      expect(message).toContain('not one of a device of this authority');
    }
  });

  test('has nothing else: no certificates of authorities, no first enrolment', async () => {
    const fixture = await oldTree();
    const { graceUrl: url } = await serve(fixture, { gracePort: 0 });
    expect((await rejected(fetchEstCaCerts({ url, ca: fixture.tree.ca }), 'ERR_PKI_EST_REFUSED')).message).toContain(
      '404',
    );
    const handler = createEstGraceHandler({ authority: fixture.tree });
    for (const name of ['cacerts', 'simpleenroll']) {
      const { status } = await handler.handle({ method: 'POST', target: `/.well-known/est/${name}`, headers: {} });
      expect(status).toBe(404);
    }
  });

  test('the time after the end has bounds', async () => {
    const { tree: authority } = await estTree();
    for (const maxDaysExpired of [0, 3651, 1.5, Number.NaN]) {
      await rejected(
        Promise.resolve().then(() => createEstGraceHandler({ authority, maxDaysExpired })),
        'ERR_PKI_OPTION',
      );
    }
  });
});
