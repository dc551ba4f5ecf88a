import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  CertificateAuthority,
  createCsr,
  decryptPrivateKey,
  encryptPrivateKey,
  generatePrivateKey,
  initPki,
  isPkiError,
  issueCrl,
  keySigner,
  MemoryPkiStore,
  openPki,
  parseCertificate,
  parseCrl,
  parseCsr,
  ROLES,
  verifyCrl,
} from '../../src/index.js';
import { writeTlv } from '../../src/crl/tlv.js';
import { encodePem } from '../../src/pem.js';
import { derOf, makeCa } from '../pitfalls/support.js';
import { mutationsOf } from '../support/mutations.js';
import { tempDir } from '../support/temp-dir.js';

const RUNS = Number(process.env['SECURE_ESP_MUTATIONS'] ?? 2000);
/** Far more than any needs; it catches a hang. */
const MAX_MS = 1000;
const PASSPHRASE = 'correct horse';

/** A way in: a good input, and what reads it. `label` is that of its PEM block. */
interface Door {
  readonly label: string;
  readonly good: Buffer;
  readonly read: (pem: string) => unknown;
}

const DOORS = ['certificate', 'authority', 'request', 'list', 'list with its CA', 'private key'] as const;
type DoorName = (typeof DOORS)[number];
let doors: Record<DoorName, Door>;
let encrypted: Buffer;

beforeAll(async () => {
  const { ca, privateKey = '', store } = await makeCa({ subject: { C: 'SE', O: 'Räksmörgås', CN: 'test CA' } });
  const key = await generatePrivateKey('ec-p256');
  const san = { dns: ['broker.local'], ip: ['10.0.0.1', 'fe80::1'] };
  const issued = await ca.issue({ role: 'broker', subject: { CN: 'broker' }, san, key: key.keyObject });
  await store.revoke(issued.info.serial, { at: new Date(), reason: 'keyCompromise' });
  const { crl } = await issueCrl({ certificate: ca.certificate, signer: keySigner(privateKey), store });
  const csr = await createCsr({ key: key.pem, subject: { C: 'SE', CN: 'broker' }, san });
  const signer = keySigner(privateKey);
  const open = (certificate: string): CertificateAuthority =>
    CertificateAuthority.open({ certificate, signer, roles: ROLES, store: new MemoryPkiStore() });
  doors = {
    certificate: { label: 'CERTIFICATE', good: derOf(issued.certificate), read: parseCertificate },
    authority: { label: 'CERTIFICATE', good: derOf(ca.certificate), read: open },
    request: { label: 'CERTIFICATE REQUEST', good: derOf(csr), read: parseCsr },
    list: { label: 'X509 CRL', good: derOf(crl), read: parseCrl },
    'list with its CA': { label: 'X509 CRL', good: derOf(crl), read: (pem) => verifyCrl(pem, ca.certificate) },
    'private key': { label: 'PRIVATE KEY', good: derOf(key.pem), read: keySigner },
  };
  encrypted = derOf(await encryptPrivateKey(key.pem, PASSPHRASE, { iterations: 100_000 }));
});

/** True if it was read. Anything but a PkiError, and anything slow, fails the test. */
function isRead({ label, read }: Door, der: Buffer): boolean {
  const start = performance.now();
  try {
    read(encodePem(label, der));
    return true;
  } catch (error) {
    if (!isPkiError(error)) throw new Error(`not a PkiError, for ${der.toString('hex')}`, { cause: error });
    expect(error.message).not.toMatch(/-----|\p{Cc}/u);
    return false;
  } finally {
    expect(performance.now() - start).toBeLessThan(MAX_MS);
  }
}

/** Where a value lies in the bytes, and what it is in. */
interface Place {
  readonly start: number;
  readonly contentStart: number;
  readonly end: number;
  readonly parents: readonly Place[];
}

/** Every value of good DER, also those inside of OCTET STRINGs that hold DER. */
function placesOf(der: Buffer, from = 0, to = der.length, parents: readonly Place[] = []): Place[] {
  const places: Place[] = [];
  for (let start = from; start < to;) {
    const first = der[start + 1] ?? 0;
    const octets = first < 0x80 ? 0 : first & 0x7f;
    if (octets > 4 || start + 2 + octets > to) return [];
    const length = octets === 0 ? first : der.readUIntBE(start + 2, octets);
    const place = { start, contentStart: start + 2 + octets, end: start + 2 + octets + length, parents };
    if (place.end > to) return [];
    places.push(place);
    const tag = der[start] ?? 0;
    const inside = (tag & 0x20) !== 0 || tag === 0x04;
    if (inside) places.push(...placesOf(der, place.contentStart, place.end, [...parents, place]));
    start = place.end;
  }
  return places;
}

/** The DER with one value replaced, and all lengths around it right again. */
function replaced(der: Buffer, { start, end, parents }: Place, value: Buffer): Buffer {
  const parent = parents.at(-1);
  if (parent === undefined) return Buffer.concat([der.subarray(0, start), value, der.subarray(end)]);
  const content = Buffer.concat([der.subarray(parent.contentStart, start), value, der.subarray(end, parent.end)]);
  return replaced(der, parent, writeTlv(der[parent.start] ?? 0, content));
}

const TAGS = [
  0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0c, 0x13, 0x17, 0x18, 0x1f, 0x24, 0x30, 0x31, 0x80, 0x82, 0xa0, 0xa3,
  0xbf,
];
const LENGTHS = ['80', '847fffffff', '84ffffffff', '88ffffffffffffffff', 'ff', '820000', '00'].map((hex) =>
  Buffer.from(hex, 'hex'),
);
const nested = (levels: number, tag = 0x30): Buffer => {
  let value: Buffer = Buffer.from('0500', 'hex');
  for (let level = 0; level < levels; level++) value = writeTlv(tag, value);
  return value;
};

function* structuralDamages(der: Buffer): Generator<Buffer> {
  const deep = nested(500);
  for (const place of placesOf(der)) {
    const value = der.subarray(place.start, place.end);
    const content = der.subarray(place.contentStart, place.end);
    for (const tag of TAGS) {
      if (tag !== value[0])
        yield Buffer.concat([der.subarray(0, place.start), Buffer.of(tag), der.subarray(place.start + 1)]);
    }
    for (const length of LENGTHS) {
      yield Buffer.concat([der.subarray(0, place.start + 1), length, der.subarray(place.contentStart)]);
    }
    // left out, empty, twice, with a byte more or less, wrapped once more, nested deeply
    yield replaced(der, place, Buffer.alloc(0));
    yield replaced(der, place, writeTlv(value[0] ?? 0));
    yield replaced(der, place, Buffer.concat([value, value]));
    yield replaced(der, place, writeTlv(value[0] ?? 0, content, Buffer.of(0)));
    yield replaced(der, place, writeTlv(value[0] ?? 0, content.subarray(0, -1)));
    yield replaced(der, place, writeTlv(0x30, value));
    yield replaced(der, place, deep);
    yield replaced(der, place, writeTlv(value[0] ?? 0, Buffer.alloc(5_000, 0xff)));
  }
}

describe.each(DOORS)('every value of a %s', (name) => {
  test('with another tag or length, left out, doubled or nested is refused with a PkiError, or harmless', () => {
    const door = doors[name];
    expect(isRead(door, door.good)).toBe(true);
    let damages = 0;
    let harmless = 0;
    for (const der of structuralDamages(door.good)) {
      damages++;
      if (!der.equals(door.good) && isRead(door, der)) harmless++;
    }
    expect(damages).toBeGreaterThan(200);
    // who checks a signature lets nothing pass; parsers leave names and unknown extensions alone
    if (name === 'request' || name === 'list with its CA') expect(harmless).toBe(0);
  }, 60_000);

  test('cut off anywhere is refused', () => {
    const door = doors[name];
    for (let length = 0; length < door.good.length; length++) {
      expect([length, isRead(door, door.good.subarray(0, length))]).toEqual([length, false]);
    }
  });

  test(`damaged in ${RUNS} random ways ends in a PkiError or is read, and in time`, () => {
    const door = doors[name];
    const property = fc.property(mutationsOf(door.good), (der) => {
      isRead(door, der);
    });
    fc.assert(property, { numRuns: RUNS });
  }, 60_000);

  test('nested 20,000 levels deep, or claiming to be huge, is refused at once', () => {
    const door = doors[name];
    const levels = 20_000;
    const unclosed = Buffer.alloc(2 * levels, Buffer.from('3080', 'hex'));
    const long = Buffer.concat([Buffer.from('3084ffffffff', 'hex'), Buffer.alloc(40_000, 0x30)]);
    const zeros = Buffer.concat([Buffer.from('3082c350', 'hex'), Buffer.alloc(50_000)]);
    for (const der of [nested(5_000), nested(5_000, 0xa0), unclosed, long, zeros, Buffer.alloc(0)]) {
      expect(isRead(door, der)).toBe(false);
    }
  });

  test('under every other label is refused', () => {
    const door = doors[name];
    const labels = [
      'CERTIFICATE',
      'CERTIFICATE REQUEST',
      'X509 CRL',
      'CRL',
      'PRIVATE KEY',
      'PUBLIC KEY',
      'TRUSTED CERTIFICATE',
    ];
    for (const label of labels.filter((other) => other !== door.label)) {
      expect([label, isRead({ ...door, label }, door.good)]).toEqual([label, false]);
    }
  });

  test('in the place of another input is refused', () => {
    const door = doors[name];
    for (const other of Object.values(doors).filter(({ label }) => label !== door.label)) {
      expect(isRead(door, other.good)).toBe(false);
    }
  });
});

test('every value of an encrypted key, damaged, gives a PkiError in time, and never another key', async () => {
  const attempt = async (der: Buffer): Promise<string | undefined> => {
    const start = performance.now();
    try {
      return await decryptPrivateKey(encodePem('ENCRYPTED PRIVATE KEY', der), PASSPHRASE);
    } catch (error) {
      if (!isPkiError(error)) throw new Error(`not a PkiError, for ${der.toString('hex')}`, { cause: error });
      return undefined;
    } finally {
      expect(performance.now() - start).toBeLessThan(5 * MAX_MS);
    }
  };
  const key = await attempt(encrypted);
  expect(key).toContain('PRIVATE KEY');
  for (const der of structuralDamages(encrypted)) expect([undefined, key]).toContain(await attempt(der));
}, 120_000);

test('a tree with any of its files damaged opens, or fails with a PkiError', async () => {
  const dir = await tempDir();
  const made = await initPki({ dir: join(dir, 'good'), devices: ['a', 'b'], chips: ['esp32'] });
  await made.revoke({ commonName: 'b' });
  const entries = await readdir(made.dir, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  expect(files.length).toBeGreaterThan(25);
  for (const file of files) {
    const good = await readFile(file);
    await fc.assert(
      fc.asyncProperty(mutationsOf(good), async (damaged) => {
        await writeFile(file, damaged);
        try {
          const tree = await openPki(made.dir);
          await tree.crls();
          await tree.device('a');
          for await (const { commonName } of tree.inventory()) expect(typeof commonName).toBe('string');
        } catch (error) {
          if (!isPkiError(error)) throw new Error(`${file} made an error of another kind`, { cause: error });
        }
      }),
      { numRuns: 12 },
    );
    await writeFile(file, good);
  }
  await cp(made.dir, join(dir, 'copy'), { recursive: true });
  await rm(made.dir, { recursive: true });
  expect(await (await openPki(join(dir, 'copy'))).devices()).toEqual(['a', 'b']);
}, 120_000);
