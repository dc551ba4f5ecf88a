import { sign } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import {
  bitString,
  context,
  decodeDer,
  type DerNode,
  DerType,
  encodeDer,
  integer,
  octetString,
  oid,
  sequence,
  time,
  unsignedInteger,
} from '../../src/asn1/der.js';
import { encodeName } from '../../src/asn1/distinguished-name.js';
import { basicConstraints, encodeExtensionList, type Extension, keyUsage } from '../../src/asn1/extensions.js';
import {
  CertificateAuthority,
  issueCrl,
  keySigner,
  MemoryPkiStore,
  parseCrl,
  type PkiErrorCode,
  ROLES,
  verifyCrl,
} from '../../src/index.js';
import { writeTlv } from '../../src/crl/tlv.js';
import { signatureAlgorithm } from '../../src/keys/signature-algorithm.js';
import { encodePem, type Pem } from '../../src/pem.js';
import { makeCa } from '../pitfalls/support.js';
import { rejected, thrown } from '../support/thrown.js';
import { CA_EXTENSIONS as CA, craftCa, craftLeaf, extension, keyPair } from './crafted.js';

/*
 * Cases of NIST's Public Key Interoperability Test Suite (PKITS, 2011) that say something about who issues certificates
 * and lists and reads them, by their numbers there. Certificates and lists are made here.
 */

const keyId = Buffer.from(CA.subjectKeyId.value.subarray(2));
const AKI = extension('2.5.29.35', `30168014${keyId.toString('hex')}`);
const NUMBER = extension('2.5.29.20', '020107');
const UNKNOWN = '1.3.6.1.4.1.55738.666.1';

interface CrlParts {
  version?: DerNode | null;
  algorithms?: readonly [inner: DerNode, outer: DerNode];
  issuer?: DerNode;
  dates?: readonly DerNode[];
  entries?: DerNode | null;
  extensions?: readonly Extension[] | null;
  signature?: DerNode;
  digest?: string;
  trailing?: Buffer;
}

const thisUpdate = new Date('2026-01-01T00:00:00Z');
const nextUpdate = new Date('2046-01-01T00:00:00Z');
const entry = (serial: DerNode, ...extensions: Extension[]): DerNode =>
  sequence(serial, time(thisUpdate), ...(extensions.length === 0 ? [] : [encodeExtensionList(extensions)]));
const REVOKED = unsignedInteger(Buffer.from('4a0b', 'hex'));

/** A list put together by hand, of the crafted CA. */
function craftCrl(parts: CrlParts = {}): Pem {
  const [inner, outer] = parts.algorithms ?? [signatureAlgorithm('ec-p256'), signatureAlgorithm('ec-p256')];
  const tbs = sequence(
    ...(parts.version === null ? [] : [parts.version ?? integer(1)]),
    inner,
    parts.issuer ?? encodeName({ CN: 'crafted CA' }),
    ...(parts.dates ?? [time(thisUpdate), time(nextUpdate)]),
    ...(parts.entries === null ? [] : [parts.entries ?? sequence(entry(REVOKED))]),
    ...(parts.extensions === null ? [] : [context(0, encodeExtensionList([...(parts.extensions ?? [AKI, NUMBER])]))]),
  );
  const signature = parts.signature ?? bitString(sign(parts.digest ?? 'sha256', encodeDer(tbs), keyPair.privateKey));
  const der = encodeDer(sequence(tbs, outer, signature));
  return encodePem('X509 CRL', Buffer.concat([der, parts.trailing ?? Buffer.alloc(0)]));
}

const ecdsa = (hash: number): DerNode => sequence(oid(`1.2.840.10045.4.3.${hash}`));
const timeText = (type: number, text: string): DerNode => decodeDer(writeTlv(type, Buffer.from(text)));

describe('PKITS 4.4: revocation lists', () => {
  test('the crafted list is good when nothing is wrong with it', () => {
    const info = verifyCrl(craftCrl(), craftCa());
    expect([info.number, [...info.revoked.keys()]]).toEqual([7n, ['4A0B']]);
  });

  test.each<[id: string, code: PkiErrorCode, parts: CrlParts]>([
    [
      '4.4.4 Invalid Bad CRL Signature',
      'ERR_PKI_CRL',
      { signature: bitString(Buffer.from('3006020101020101', 'hex')) },
    ],
    ['4.4.5 Invalid Bad CRL Issuer Name', 'ERR_PKI_CRL', { issuer: encodeName({ CN: 'another CA' }) }],
    [
      '4.4.6 Invalid Wrong CRL',
      'ERR_PKI_CRL',
      { extensions: [extension('2.5.29.35', `30168014${'11'.repeat(20)}`), NUMBER] },
    ],
    [
      '4.4.8 Invalid Unknown CRL Entry Extension',
      'ERR_PKI_CRL',
      { entries: sequence(entry(REVOKED, extension(UNKNOWN, '0500', true))) },
    ],
    [
      '4.4.9 Invalid Unknown CRL Extension',
      'ERR_PKI_CRL',
      { extensions: [AKI, NUMBER, extension(UNKNOWN, '0500', true)] },
    ],
    [
      '4.4.15 Invalid Negative Serial Number',
      'ERR_PKI_CRL',
      { entries: sequence(entry({ ...integer(1), value: '\xff' })) },
    ],
    [
      '4.14 a list for some reasons only (issuingDistributionPoint)',
      'ERR_PKI_CRL',
      { extensions: [AKI, NUMBER, extension('2.5.29.28', '30038301ff', true)] },
    ],
    ['4.15 a delta list', 'ERR_PKI_CRL', { extensions: [AKI, NUMBER, extension('2.5.29.27', '020101', true)] }],
    ['x509-limbo crl::crlnumber-missing', 'ERR_PKI_CRL', { extensions: [AKI] }],
    ['x509-limbo crl::crlnumber-critical', 'ERR_PKI_CRL', { extensions: [AKI, { ...NUMBER, critical: true }] }],
    ['no authority key identifier', 'ERR_PKI_CRL', { extensions: [NUMBER] }],
    ['an extension twice', 'ERR_PKI_CRL', { extensions: [AKI, NUMBER, NUMBER] }],
    ['no extensions', 'ERR_PKI_CRL', { extensions: null }],
    ['version 1', 'ERR_PKI_CRL', { version: null }],
    ['version 3', 'ERR_PKI_CRL', { version: integer(2) }],
    ['two signature algorithms', 'ERR_PKI_CRL', { algorithms: [ecdsa(2), ecdsa(3)] }],
    [
      'SHA-1',
      'ERR_PKI_CRL',
      { algorithms: [sequence(oid('1.2.840.10045.4.1')), sequence(oid('1.2.840.10045.4.1'))], digest: 'sha1' },
    ],
    ['no next update', 'ERR_PKI_CRL', { dates: [time(thisUpdate)] }],
    [
      'a next update that is no date',
      'ERR_PKI_CRL',
      { dates: [time(thisUpdate), timeText(DerType.UTCTIME, '260230000000Z')] },
    ],
    [
      'GeneralizedTime before 2050',
      'ERR_PKI_CRL',
      { dates: [time(thisUpdate), timeText(DerType.GENERALIZEDTIME, '20460101000000Z')] },
    ],
    ['an empty list of entries', 'ERR_PKI_CRL', { entries: sequence() }],
    ['a serial number twice', 'ERR_PKI_CRL', { entries: sequence(entry(REVOKED), entry(REVOKED)) }],
    ['an entry that is no entry', 'ERR_PKI_CRL', { entries: sequence(octetString(Buffer.of(1))) }],
    [
      'a reason that does not exist',
      'ERR_PKI_CRL',
      { entries: sequence(entry(REVOKED, extension('2.5.29.21', '0a0107'))) },
    ],
    [
      'an entry taken back from a list (removeFromCRL)',
      'ERR_PKI_CRL',
      { entries: sequence(entry(REVOKED, extension('2.5.29.21', '0a0108'))) },
    ],
    ['bytes after the list', 'ERR_PKI_CRL', { trailing: Buffer.of(0) }],
  ])('PKITS %s', (_id, code, parts) => {
    thrown(() => verifyCrl(craftCrl(parts), craftCa()), code);
  });

  test('PKITS 4.4.16 Valid Long Serial Number, 4.4.12 nextUpdate before 2000', () => {
    const long = unsignedInteger(Buffer.alloc(20, 0x7f));
    expect([...verifyCrl(craftCrl({ entries: sequence(entry(long)) }), craftCa()).revoked.keys()]).toEqual([
      '7F'.repeat(20),
    ]);
    const dates = [time(new Date('1998-01-01T00:00:00Z')), time(new Date('1999-01-01T12:01:00Z'))];
    expect(parseCrl(craftCrl({ dates })).nextUpdate).toEqual(new Date('1999-01-01T12:01:00Z'));
  });

  test.each([
    ['4.7.4 Invalid keyUsage Critical cRLSign False', { ...CA, keyUsage: keyUsage(['keyCertSign']) }],
    [
      '4.7.5 Invalid keyUsage Not Critical cRLSign False',
      { ...CA, keyUsage: { ...keyUsage(['keyCertSign']), critical: false } },
    ],
  ])('PKITS %s: its list is neither issued nor accepted', async (_id, extensions) => {
    const certificate = craftCa({ extensions: Object.values(extensions) });
    thrown(() => verifyCrl(craftCrl(), certificate), 'ERR_PKI_CRL');
    const issue = { certificate, signer: keySigner(keyPair.privateKey), store: new MemoryPkiStore() };
    await rejected(issueCrl(issue), 'ERR_PKI_NOT_CA');
  });

  test('a list signed by a leaf with the CA’s name and key is none', () => {
    const subject = encodeName({ CN: 'crafted CA' });
    thrown(() => verifyCrl(craftCrl(), craftLeaf({ subject })), 'ERR_PKI_CRL');
  });
});

describe('PKITS 4.2, 4.6, 4.7: who may issue', () => {
  const open = (certificate: Pem, now?: Date): CertificateAuthority =>
    CertificateAuthority.open({
      ...{ certificate, signer: keySigner(keyPair.privateKey), roles: ROLES, store: new MemoryPkiStore() },
      ...(now === undefined ? {} : { now: () => now }),
    });

  test.each([
    ['4.2.1 Invalid CA notBefore Date', '2025-12-31T23:59:59Z'],
    ['4.2.5 Invalid CA notAfter Date', '2046-01-01T00:00:01Z'],
  ])('PKITS %s', async (_id, now) => {
    await rejected(open(craftCa(), new Date(now)).issue({ role: 'device', subject: { CN: 'a' } }), 'ERR_PKI_EXPIRED');
  });

  test.each(['2026-01-01T00:00:00Z', '2045-12-31T00:00:00Z'])('and at %s it issues', async (now) => {
    const { info } = await open(craftCa(), new Date(now)).issue({ role: 'device', subject: { CN: 'a' } });
    expect(info.notAfter <= nextUpdate && info.notBefore >= thisUpdate).toBe(true);
  });

  test.each<[id: string, extensions: Record<string, Extension>]>([
    ['4.6.1 Invalid Missing basicConstraints', { keyUsage: CA.keyUsage, subjectKeyId: CA.subjectKeyId }],
    ['4.6.2 Invalid cA False', { ...CA, basicConstraints: basicConstraints(false) }],
    [
      '4.6.3 Invalid cA False, not critical',
      { ...CA, basicConstraints: { ...basicConstraints(false), critical: false } },
    ],
    ['4.7.1 Invalid keyUsage Critical keyCertSign False', { ...CA, keyUsage: keyUsage(['cRLSign']) }],
    [
      '4.7.2 Invalid keyUsage Not Critical keyCertSign False',
      { ...CA, keyUsage: { ...keyUsage(['cRLSign']), critical: false } },
    ],
  ])('PKITS %s', (_id, extensions) => {
    thrown(() => open(craftCa({ extensions: Object.values(extensions) })), 'ERR_PKI_NOT_CA');
  });

  test('PKITS 4.16.2 Invalid Unknown Critical Certificate Extension', () => {
    const extensions = [...Object.values(CA), extension(UNKNOWN, '0500', true)];
    thrown(() => open(craftCa({ extensions })), 'ERR_PKI_CERTIFICATE');
  });

  test('PKITS 4.6.5 Invalid pathLenConstraint: no CA can be issued below one of ours', async () => {
    const { ca } = await makeCa();
    expect(ca.info.pathLength).toBe(0);
    await rejected(ca.issue({ role: 'ca' as 'device', subject: { CN: 'a' } }), 'ERR_PKI_ROLE');
  });

  test('PKITS 4.1.2, 4.1.3 Invalid Signature: what a signer signed wrongly never gets out', async () => {
    const signer = keySigner(keyPair.privateKey);
    const wrong = { ...signer, sign: () => signer.sign(Buffer.from('something else')) };
    const store = new MemoryPkiStore();
    const ca = CertificateAuthority.open({ certificate: craftCa(), signer: wrong, roles: ROLES, store });
    await rejected(ca.issue({ role: 'device', subject: { CN: 'a' } }), 'ERR_PKI_SIGNER');
    await rejected(issueCrl({ certificate: craftCa(), signer: wrong, store }), 'ERR_PKI_SIGNER');
    for await (const record of store.list()) throw new Error(`recorded ${record.serial}`);
  });
});
