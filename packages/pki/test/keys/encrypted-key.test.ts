import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { decodeDer, encodeDer, integer, nullValue, octetString, oid, sequence } from '../../src/asn1/der.js';
import {
  decryptPrivateKey,
  encryptPrivateKey,
  generatePrivateKey,
  isPkiError,
  KEY_ALGORITHMS,
} from '../../src/index.js';
import { decodePem, encodePem } from '../../src/pem.js';
import { tempDir } from '../support/temp-dir.js';
import { rejected } from '../support/thrown.js';
import { describeWithOpenssl, openssl } from '../support/tools.js';

const PASSPHRASE = 'pä€ss phrase';
const FAST = { iterations: 100_000 };

let pem: string;
let encrypted: string;
beforeAll(async () => {
  ({ pem } = await generatePrivateKey('ec-p256'));
  encrypted = await encryptPrivateKey(pem, PASSPHRASE, FAST);
});

describe('an encrypted private key', () => {
  test.each(KEY_ALGORITHMS)(
    'of %s comes back byte for byte, and Node reads it',
    async (algorithm) => {
      const key = await generatePrivateKey(algorithm);
      const text = await encryptPrivateKey(key.pem, PASSPHRASE, FAST);
      expect(text).toMatch(/^-----BEGIN ENCRYPTED PRIVATE KEY-----\n/);
      expect(await decryptPrivateKey(text, PASSPHRASE)).toBe(key.pem);
      expect(createPrivateKey({ key: text, passphrase: PASSPHRASE }).equals(key.keyObject)).toBe(true);
    },
    60_000,
  );

  test('has 600,000 rounds by default, and no two are the same (pitfall 22)', async () => {
    const text = await encryptPrivateKey(pem, PASSPHRASE);
    const der = decodePem(text, ['ENCRYPTED PRIVATE KEY']).der.toString('hex');
    expect(der).toContain(`0203${(600_000).toString(16).padStart(6, '0')}`);
    const again = await encryptPrivateKey(pem, PASSPHRASE, FAST);
    expect(again).not.toBe(encrypted);
    expect(await decryptPrivateKey(text, PASSPHRASE)).toBe(pem);
  });

  test('is made without blocking the event loop', async () => {
    let ticks = 0;
    const timer = setInterval(() => (ticks += 1), 1);
    await encryptPrivateKey(pem, PASSPHRASE);
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(5);
  });

  test('opens with no other passphrase', async () => {
    for (const wrong of ['pä€ss phrasE', '', 'x'.repeat(1000)]) {
      const error = await rejected(decryptPrivateKey(encrypted, wrong), 'ERR_PKI_PASSPHRASE');
      if (wrong !== '') expect(error.message).not.toContain(wrong);
    }
  });

  test('a passphrase is 8..1,000 bytes, the rounds 100,000..10,000,000', async () => {
    for (const bad of ['1234567', '', 'x'.repeat(1001), 'lone \ud800 surrogate']) {
      const error = await rejected(encryptPrivateKey(pem, bad, FAST), 'ERR_PKI_PASSPHRASE');
      expect(error.field).toBe('passphrase');
    }
    for (const iterations of [99_999, 10_000_001, 100_000.5, Number.NaN]) {
      await rejected(encryptPrivateKey(pem, PASSPHRASE, { iterations }), 'ERR_PKI_OPTION');
    }
  });

  test('holds a supported PKCS#8 key and nothing else', async () => {
    const sec1 = await generatePrivateKey('ec-p256', 'traditional');
    await rejected(encryptPrivateKey(sec1.pem, PASSPHRASE, FAST), 'ERR_PKI_PEM');
    await rejected(encryptPrivateKey(encrypted, PASSPHRASE, FAST), 'ERR_PKI_PEM');
    await rejected(decryptPrivateKey(pem, PASSPHRASE), 'ERR_PKI_PEM');
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'secp521r1' });
    const cipher = 'aes-256-cbc';
    const other = privateKey.export({ type: 'pkcs8', format: 'pem', cipher, passphrase: PASSPHRASE }).toString();
    await rejected(decryptPrivateKey(other, PASSPHRASE), 'ERR_PKI_KEY');
  });
});

const AES_256_CBC = '2.16.840.1.101.3.4.1.42';
const PBKDF2 = '1.2.840.113549.1.5.12';
const SCRYPT = '1.3.6.1.4.1.11591.4.11';
const SALT = octetString(Buffer.alloc(16));

function withScheme(kdf: string, parameters: Parameters<typeof sequence>, cipher = AES_256_CBC, iv = 16): string {
  const encryption = sequence(oid(cipher), octetString(Buffer.alloc(iv)));
  const scheme = sequence(
    oid('1.2.840.113549.1.5.13'),
    sequence(sequence(oid(kdf), sequence(...parameters)), encryption),
  );
  return encodePem('ENCRYPTED PRIVATE KEY', encodeDer(sequence(scheme, octetString(Buffer.alloc(32)))));
}

describe('a key file that asks for too much, or for the unknown, is refused at once', () => {
  test.each([
    ['2^31 rounds', withScheme(PBKDF2, [SALT, integer(2 ** 31)])],
    ['2^80 rounds', withScheme(PBKDF2, [SALT, integer(2n ** 80n)])],
    ['no rounds', withScheme(PBKDF2, [SALT, integer(0)])],
    ['another key length', withScheme(PBKDF2, [SALT, integer(1000), integer(16)])],
    ['an unknown PBKDF2 function', withScheme(PBKDF2, [SALT, integer(1000), sequence(oid('1.2.3'), nullValue())])],
    [
      'more PBKDF2 parameters',
      withScheme(PBKDF2, [SALT, integer(1000), sequence(oid('1.2.840.113549.2.9')), nullValue()]),
    ],
    ['an unknown derivation', withScheme('1.2.3', [SALT, integer(1000)])],
    ['an unknown cipher', withScheme(PBKDF2, [SALT, integer(1000)], '1.2.3')],
    ['an initialisation vector of 8 bytes', withScheme(PBKDF2, [SALT, integer(1000)], AES_256_CBC, 8)],
    ['scrypt with 4 GiB', withScheme(SCRYPT, [SALT, integer(2 ** 20), integer(32), integer(1)])],
    ['scrypt with a cost of 2^30', withScheme(SCRYPT, [SALT, integer(2 ** 30), integer(1), integer(1)])],
    ['scrypt with a cost that is no power of two', withScheme(SCRYPT, [SALT, integer(1000), integer(8), integer(1)])],
  ])('%s', async (_what, text) => {
    await rejected(decryptPrivateKey(text, PASSPHRASE), 'ERR_PKI_KEY');
  });

  test('PBES1', async () => {
    const scheme = sequence(oid('1.2.840.113549.1.5.3'), sequence(octetString(Buffer.alloc(8)), integer(2048)));
    const der = encodeDer(sequence(scheme, octetString(Buffer.alloc(32))));
    const error = await rejected(decryptPrivateKey(encodePem('ENCRYPTED PRIVATE KEY', der), PASSPHRASE), 'ERR_PKI_KEY');
    expect(error.message).toContain('PBES2');
  });

  test('cut off anywhere', async () => {
    const { der } = decodePem(encrypted, ['ENCRYPTED PRIVATE KEY']);
    expect(encodeDer(decodeDer(der)).equals(der)).toBe(true);
    for (let length = 1; length < der.length; length += 1) {
      const text = encodePem('ENCRYPTED PRIVATE KEY', der.subarray(0, length));
      await rejected(decryptPrivateKey(text, PASSPHRASE), 'ERR_PKI_PEM');
    }
  });

  test('1,000 damaged files give nothing but PkiErrors', async () => {
    // few rounds, so that a run is fast: Node's export has 2,048
    const key = createPrivateKey(pem);
    const cipher = 'aes-256-cbc';
    const der = key.export({ type: 'pkcs8', format: 'der', cipher, passphrase: PASSPHRASE });
    // the numbers of rounds are left alone: a million of them is slow, not wrong
    const rounds = der.indexOf(Buffer.from('02020800', 'hex'));
    const place = fc.nat(der.length - 1).filter((at) => at < rounds || at >= rounds + 4);
    await fc.assert(
      fc.asyncProperty(place, fc.integer({ min: 1, max: 255 }), async (at, change) => {
        const damaged = Buffer.from(der);
        damaged.writeUInt8(damaged.readUInt8(at) ^ change, at);
        const outcome = await decryptPrivateKey(encodePem('ENCRYPTED PRIVATE KEY', damaged), PASSPHRASE).then(
          (text) => text === pem,
          isPkiError,
        );
        expect(outcome).toBe(true);
      }),
      { numRuns: 1000 },
    );
  }, 60_000);
});

describeWithOpenssl('openssl and encrypted private keys', () => {
  test('openssl reads ours', async () => {
    const dir = await tempDir();
    const path = join(dir, 'ca.key');
    await writeFile(path, await encryptPrivateKey(pem, PASSPHRASE));
    const read = openssl(['pkey', '-in', path, '-passin', `pass:${PASSPHRASE}`]);
    expect(read.output).toBe(pem);
    expect(openssl(['pkey', '-in', path, '-passin', 'pass:wrong wrong', '-noout']).ok).toBe(false);
    const shown = openssl(['asn1parse', '-in', path]).output;
    for (const part of ['PBES2', 'PBKDF2', 'hmacWithSHA256', 'aes-256-cbc', ':0927C0']) expect(shown).toContain(part);
  });

  test.each([
    ['AES-256 (its default)', ['-v2', 'aes-256-cbc']],
    ['AES-128 and SHA-512', ['-v2', 'aes-128-cbc', '-v2prf', 'hmacWithSHA512']],
    ['AES-192 and SHA-1', ['-v2', 'aes-192-cbc', '-v2prf', 'hmacWithSHA1']],
    ['triple DES', ['-v2', 'des3']],
    ['scrypt', ['-scrypt']],
  ])('we read what openssl encrypts with %s', async (_what, args) => {
    const dir = await tempDir();
    const [plain, locked] = [join(dir, 'plain.key'), join(dir, 'locked.key')];
    await writeFile(plain, pem);
    const made = openssl(['pkcs8', '-topk8', '-in', plain, '-out', locked, '-passout', `pass:${PASSPHRASE}`, ...args]);
    expect(made.output).toBe('');
    expect(await decryptPrivateKey(await readFile(locked, 'utf8'), PASSPHRASE)).toBe(pem);
  });
});
