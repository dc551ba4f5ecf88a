import { createPublicKey, X509Certificate } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import {
  createClaims,
  enrollOverEst,
  fetchEstCaCerts,
  generatePrivateKey,
  parseCertificate,
  reenrollOverEst,
} from '../../src/index.js';
import { rejected } from '../support/thrown.js';
import { estTree, serve, tokenFor } from './est-tree.js';

describe('a device that enrols over HTTPS', () => {
  test('gets a certificate for its claim, in the name of the claim, by the device CA', async () => {
    const fixture = await estTree();
    const { tree, events } = fixture;
    const { url } = await serve(fixture);
    const claimToken = await tokenFor(fixture, 'esp-001');
    const device = await enrollOverEst({ url, ca: tree.ca, deviceId: 'esp-001', claimToken });
    expect(device.info).toMatchObject({ role: 'device', subject: { CN: 'esp-001' } });
    expect(device.deviceCa).toBe(tree.deviceCa);
    expect(new X509Certificate(device.certificate).verify(new X509Certificate(tree.deviceCa).publicKey)).toBe(true);
    expect(events).toEqual([{ type: 'enrolled', deviceId: 'esp-001', serial: device.info.serial, again: false }]);
    const pems = await fetchEstCaCerts({ url, ca: tree.ca });
    expect([...pems].sort()).toEqual([tree.ca, tree.deviceCa].sort());
  });

  test('the same claim with the same key again gives the same certificate, another key is refused', async () => {
    const fixture = await estTree();
    const { tree, events } = fixture;
    const { url } = await serve(fixture);
    const claimToken = await tokenFor(fixture, 'esp-001');
    const { pem: key } = await generatePrivateKey('ec-p256');
    const options = { url, ca: tree.ca, deviceId: 'esp-001', claimToken, key };
    const first = await enrollOverEst(options);
    expect(await enrollOverEst(options)).toEqual(first);
    expect(events.at(-1)).toMatchObject({ type: 'enrolled', again: true });
    const other = await rejected(
      enrollOverEst({ ...options, key: (await generatePrivateKey('ec-p256')).pem }),
      'ERR_PKI_EST_REFUSED',
    );
    expect(other.message).toBe('the enrolment server answered 403: The claim was used for another key.');
  });

  test('a preauthorised key needs no token, and another key gets nothing', async () => {
    const fixture = await estTree();
    const { tree, claims } = fixture;
    const { url } = await serve(fixture);
    const { pem: key } = await generatePrivateKey('ec-p256');
    const publicKey = createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString();
    await createClaims({ deviceIds: ['esp-002'], claims, authority: tree, publicKey });
    const stranger = enrollOverEst({ url, ca: tree.ca, deviceId: 'esp-002' });
    expect((await rejected(stranger, 'ERR_PKI_EST_REFUSED')).message).toContain('401');
    const { info } = await enrollOverEst({ url, ca: tree.ca, deviceId: 'esp-002', key });
    expect(info.subject.CN).toBe('esp-002');
  });

  test('re-enrols with the same key and with a new one, and not once it is revoked', async () => {
    const fixture = await estTree();
    const { tree } = fixture;
    const { url } = await serve(fixture);
    const claimToken = await tokenFor(fixture, 'esp-001');
    const first = await enrollOverEst({ url, ca: tree.ca, deviceId: 'esp-001', claimToken });
    const second = await reenrollOverEst({ url, ca: tree.ca, cert: first.certificate, key: first.key });
    expect(second.key).toBe(first.key);
    expect(second.info.serial).not.toBe(first.info.serial);
    const third = await reenrollOverEst({ url, ca: tree.ca, cert: second.certificate, key: second.key, newKey: true });
    expect(third.key).not.toBe(first.key);
    expect(parseCertificate(third.certificate).subject).toEqual(first.info.subject);
    await tree.revoke({ commonName: 'esp-001' });
    for (const { certificate, key } of [first, second, third]) {
      const attempt = reenrollOverEst({ url, ca: tree.ca, cert: certificate, key });
      expect((await rejected(attempt, 'ERR_PKI_EST_REFUSED')).message).toContain('403');
    }
  });

  test('a server of another authority is not believed, and a wrong address is "later"', async () => {
    const fixture = await estTree();
    const other = await estTree();
    const { url } = await serve(fixture);
    await rejected(fetchEstCaCerts({ url, ca: other.tree.ca }), 'ERR_PKI_EST_UNAVAILABLE');
    await rejected(fetchEstCaCerts({ url: 'https://localhost:1', ca: other.tree.ca }), 'ERR_PKI_EST_UNAVAILABLE');
    await rejected(fetchEstCaCerts({ url: 'http://localhost', ca: other.tree.ca }), 'ERR_PKI_OPTION');
  });
});
