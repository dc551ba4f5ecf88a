import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  context,
  contextPrimitive,
  decodeDer,
  type DerNode,
  encodeDer,
  integer,
  octetString,
  sequence,
  sequenceItems,
} from '../../src/asn1/der.js';
import { parseCertificateDer } from '../../src/certificate/certificate-info.js';
import {
  createCertificateAuthority,
  createCsr,
  generatePrivateKey,
  isPkiError,
  MemoryPkiStore,
  parseCertificate,
  parseCsr,
} from '../../src/index.js';
import { parsePrivateKey } from '../../src/keys/key-pair.js';
import { decodePem, encodePem } from '../../src/pem.js';
import { mutationsOf } from '../support/mutations.js';
import { thrown } from '../support/thrown.js';

const RUNS = Number(process.env['SECURE_ESP_MUTATIONS'] ?? 2000);
/** Most inputs take far under a millisecond; the bound leaves room for a busy machine and catches a hang. */
const MAX_MS = 1000;

let certificate: string;
let csr: string;
let rsaCsr: string;
let key: string;

beforeAll(async () => {
  const made = await generatePrivateKey('ec-p256');
  key = made.pem;
  const { ca } = await createCertificateAuthority({
    subject: { C: 'SE', CN: 'test CA' },
    roles: ['broker'],
    store: new MemoryPkiStore(),
  });
  const san = { dns: ['broker.local'], ip: ['10.0.0.1', 'fe80::1'] };
  certificate = (await ca.issue({ role: 'broker', subject: { CN: 'broker' }, san, key: made.keyObject })).certificate;
  csr = await createCsr({ key, subject: { C: 'SE', CN: 'broker' }, san });
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  rsaCsr = await createCsr({ key: privateKey, subject: { CN: 'broker' }, san });
});

/** What `work` threw, or undefined; anything but a PkiError, and anything slow, fails the test. */
function outcome<T>(work: () => T): T | undefined {
  const start = performance.now();
  try {
    return work();
  } catch (error) {
    if (!isPkiError(error)) throw new Error('not a PkiError', { cause: error });
    expect(error.message).not.toMatch(/-----|\p{Cc}/u);
    return undefined;
  } finally {
    expect(performance.now() - start).toBeLessThan(MAX_MS);
  }
}

const derOf = (pem: string): Buffer => decodePem(pem, ['CERTIFICATE', 'CERTIFICATE REQUEST', 'PRIVATE KEY']).der;

function assertMutations(original: Buffer, read: (bytes: Buffer) => unknown): void {
  const property = fc.property(mutationsOf(original), (bytes) => {
    read(bytes);
  });
  fc.assert(property, { numRuns: RUNS });
}

describe(`${RUNS} damaged inputs end in a PkiError, and in time`, () => {
  test('certificates in DER', () => {
    assertMutations(derOf(certificate), (bytes) => {
      const info = outcome(() => parseCertificateDer(bytes))?.info;
      if (!info) return;
      // a date that is not a number would be neither before nor after any other
      expect([Number.isFinite(info.notBefore.getTime()), Number.isFinite(info.notAfter.getTime())]).toEqual([
        true,
        true,
      ]);
      expect(info.serial).toMatch(/^-?[0-9A-F]+$/);
    });
  });

  test('certificates in PEM', () => {
    assertMutations(Buffer.from(certificate), (bytes) => outcome(() => parseCertificate(bytes.toString('latin1'))));
  });

  test('private keys in PEM', () => {
    assertMutations(Buffer.from(key), (bytes) => outcome(() => parsePrivateKey(bytes.toString('latin1'))));
    assertMutations(derOf(key), (bytes) => outcome(() => parsePrivateKey(encodePem('PRIVATE KEY', bytes))));
  });

  test.each(['EC', 'RSA'] as const)('%s certificate requests in DER: none but the original is accepted', (kind) => {
    const der = derOf(kind === 'EC' ? csr : rsaCsr);
    assertMutations(der, (bytes) => {
      if (outcome(() => parseCsr(bytes))) expect(bytes.equals(der)).toBe(true);
    });
  });

  test('certificate requests in PEM: none with another content is accepted', () => {
    const { spki } = parseCsr(csr);
    assertMutations(Buffer.from(csr), (bytes) => {
      const info = outcome(() => parseCsr(bytes.toString('latin1')));
      if (info) expect([info.subject, info.spki]).toEqual([{ C: 'SE', CN: 'broker' }, spki]);
    });
  });

  test('bytes and text at random', () => {
    const read = (bytes: Buffer): void => {
      const text = bytes.toString('latin1');
      expect(outcome(() => parseCsr(bytes))).toBeUndefined();
      expect(outcome(() => parseCsr(text))).toBeUndefined();
      expect(outcome(() => parseCertificateDer(bytes))).toBeUndefined();
      expect(outcome(() => parseCertificate(text))).toBeUndefined();
      expect(outcome(() => parseCsr(encodePem('CERTIFICATE REQUEST', bytes)))).toBeUndefined();
    };
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        read(Buffer.from(bytes));
      }),
      { numRuns: RUNS },
    );
  });

  test('long lines of what PEM is made of', () => {
    const size = 60_000;
    const pieces = ['-', '\n', '\r', ' ', 'A', '=', '-----BEGIN ', '-----BEGIN CERTIFICATE-----\n', 'A\n', '\r\n'];
    for (const head of ['', '-----BEGIN ', '-----BEGIN CERTIFICATE-----\n', '-----BEGIN CERTIFICATE-----\nAAAA']) {
      for (const piece of pieces) {
        const text = head + piece.repeat(size / piece.length);
        expect(outcome(() => parseCertificate(text))).toBeUndefined();
        expect(outcome(() => parseCsr(text))).toBeUndefined();
        expect(outcome(() => parseCertificate(`${text}\n-----END CERTIFICATE-----`))).toBeUndefined();
      }
    }
  });
});

describe('a damaged certificate is refused', () => {
  test('cut off anywhere', () => {
    const der = derOf(certificate);
    for (let length = 0; length < der.length; length += 1) {
      thrown(() => parseCertificateDer(der.subarray(0, length)), 'ERR_PKI_CERTIFICATE');
    }
    for (let length = 0; length < certificate.length - 1; length += 1) {
      thrown(() => parseCertificate(certificate.slice(0, length)), 'ERR_PKI_PEM');
    }
  });

  /** The certificate with its extensions replaced; nobody looks at the signature here. */
  function withExtensions(change: (extensions: DerNode[]) => DerNode[]): Buffer {
    const [tbs, ...rest] = sequenceItems(decodeDer(derOf(certificate)));
    const fields = sequenceItems(tbs);
    const list = fields.at(-1)?.value;
    const extensions = Array.isArray(list) ? sequenceItems(list[0]) : [];
    return encodeDer(sequence(sequence(...fields.slice(0, -1), context(3, sequence(...change(extensions)))), ...rest));
  }

  test.each<[string, (extensions: DerNode[]) => DerNode[]]>([
    ['an extension twice', (extensions) => [...extensions, ...extensions.slice(-1)]],
    [
      'an extension without a value',
      (extensions) => [...extensions, sequence(...sequenceItems(extensions[0]).slice(0, 1))],
    ],
    [
      'an extension of four parts',
      (extensions) => [sequence(...sequenceItems(extensions[0]), octetString(Buffer.of(0)))],
    ],
    ['an extension that is an INTEGER', (extensions) => [...extensions, integer(1)]],
    ['an extension that is not universal', (extensions) => [...extensions, contextPrimitive(0, Buffer.of(0))]],
  ])('with %s', (_what, change) => {
    expect(parseCertificateDer(withExtensions((same) => same)).info.subject.CN).toBe('broker');
    thrown(() => parseCertificateDer(withExtensions(change)), 'ERR_PKI_CERTIFICATE');
  });

  test('with a date that is none, which would count as valid for ever', () => {
    const der = derOf(certificate);
    const at = der.indexOf(Buffer.of(0x17, 13));
    const damaged = Buffer.from(der);
    damaged.writeUInt8(0, at + 2);
    thrown(() => parseCertificateDer(damaged), 'ERR_PKI_CERTIFICATE');
  });

  test('with a key of another curve', () => {
    const [tbs, ...rest] = sequenceItems(decodeDer(derOf(certificate)));
    const fields = sequenceItems(tbs);
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'secp256k1' });
    const spki = publicKey.export({ type: 'spki', format: 'der' });
    const changed = fields.map((field) => (encodeDer(field).equals(parseCsr(csr).spki) ? decodeDer(spki) : field));
    thrown(() => parseCertificateDer(encodeDer(sequence(sequence(...changed), ...rest))), 'ERR_PKI_KEY');
  });
});
