import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { containsPrivateKey, findPrivateKeys } from '@secure-esp/firmware-image';

const text = (content: string): Uint8Array => new TextEncoder().encode(content);

/** Something between other bytes, as it would lie in an image. */
const embed = (content: string | Uint8Array): Uint8Array => {
  const inner = typeof content === 'string' ? text(content) : content;
  const bytes = new Uint8Array(inner.length + 3000).fill(0x30);
  bytes.set(inner, 1000);
  return bytes;
};

let ec: KeyObject;
let ecPublic: KeyObject;
let rsa: KeyObject;
let ed: KeyObject;
beforeAll(() => {
  ({ privateKey: ec, publicKey: ecPublic } = generateKeyPairSync('ec', { namedCurve: 'P-256' }));
  ({ privateKey: rsa } = generateKeyPairSync('rsa', { modulusLength: 2048 }));
  ({ privateKey: ed } = generateKeyPairSync('ed25519'));
});

type Encoding = 'pkcs8' | 'sec1' | 'pkcs1';
const pem = (key: KeyObject, type: Encoding): string => key.export({ type, format: 'pem' }).toString();
const der = (key: KeyObject, type: Encoding): Uint8Array => Buffer.from(key.export({ type, format: 'der' }));
const encrypted = { format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' } as const;

describe('findPrivateKeys', () => {
  it.each<[string, string, string, () => string | Uint8Array]>([
    ['SEC1 PEM', 'sec1', 'pem', () => pem(ec, 'sec1')],
    ['PKCS#8 PEM', 'pkcs8', 'pem', () => pem(ec, 'pkcs8')],
    ['PKCS#8 PEM of RSA', 'pkcs8', 'pem', () => pem(rsa, 'pkcs8')],
    ['PKCS#8 PEM of Ed25519', 'pkcs8', 'pem', () => pem(ed, 'pkcs8')],
    ['PKCS#1 PEM', 'pkcs1', 'pem', () => pem(rsa, 'pkcs1')],
    ['CRLF line ends', 'sec1', 'pem', () => pem(ec, 'sec1').replaceAll('\n', '\r\n')],
    ['line ends escaped as in JSON', 'sec1', 'pem', () => JSON.stringify({ key: pem(ec, 'sec1') })],
    ['encrypted PKCS#8', 'pkcs8-encrypted', 'pem', () => ec.export({ type: 'pkcs8', ...encrypted }).toString()],
    ['encrypted SEC1', 'pem-encrypted', 'pem', () => ec.export({ type: 'sec1', ...encrypted }).toString()],
    ['SEC1 DER', 'sec1', 'der', () => der(ec, 'sec1')],
    ['PKCS#8 DER', 'pkcs8', 'der', () => der(ec, 'pkcs8')],
    ['PKCS#8 DER of RSA', 'pkcs8', 'der', () => der(rsa, 'pkcs8')],
    ['PKCS#8 DER of Ed25519', 'pkcs8', 'der', () => der(ed, 'pkcs8')],
    ['PKCS#1 DER', 'pkcs1', 'der', () => der(rsa, 'pkcs1')],
  ])('finds %s, and only once', (_, format, encoding, make) => {
    const offset = 1000 + (encoding === 'pem' && typeof make() === 'string' ? make().toString().indexOf('-----') : 0);
    expect(findPrivateKeys(embed(make()))).toEqual([{ offset, format, encoding }]);
    expect(containsPrivateKey(embed(make()))).toBe(true);
  });

  it('finds an OpenSSH key by its magic', () => {
    const body = Buffer.from(`openssh-key-v1\0${'x'.repeat(80)}`).toString('base64');
    const key = `-----BEGIN OPENSSH PRIVATE KEY-----\n${body}\n-----END OPENSSH PRIVATE KEY-----\n`;
    expect(findPrivateKeys(embed(key))).toMatchObject([{ format: 'openssh' }]);
  });

  it('finds a key at the very end of a file and one behind a broken one', () => {
    const key = pem(ec, 'sec1');
    expect(containsPrivateKey(text(key.trimEnd()))).toBe(true);
    expect(containsPrivateKey(text(`-----BEGIN EC PRIVATE KEY-----\nMHc\n${key}`))).toBe(true);
    expect(containsPrivateKey(der(ec, 'sec1'))).toBe(true);
  });

  it.each<[string, () => string | Uint8Array]>([
    // mbedTLS keeps its labels as strings, one after the other.
    [
      'label strings of a TLS library',
      () => '-----BEGIN RSA PRIVATE KEY-----\0-----END RSA PRIVATE KEY-----\0-----BEGIN EC PRIVATE KEY-----\0',
    ],
    ['a label with an example behind it', () => '-----BEGIN PRIVATE KEY-----\nabcd...\n-----END PRIVATE KEY-----'],
    ['an empty block', () => '-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----'],
    [
      'base64 that is no key',
      () => `-----BEGIN PRIVATE KEY-----\n${Buffer.alloc(120, 7).toString('base64')}\n-----END PRIVATE KEY-----`,
    ],
    ['a public key', () => ecPublic.export({ type: 'spki', format: 'pem' }).toString()],
    ['a public key in DER', () => ecPublic.export({ type: 'spki', format: 'der' })],
    ['half a key', () => pem(ec, 'sec1').slice(0, 120)],
    ['half a key in DER', () => der(rsa, 'pkcs1').subarray(0, 500)],
    ['the OIDs of a TLS library', () => Buffer.from('06082a8648ce3d03010706072a8648ce3d0201', 'hex')],
  ])('does not take %s for a key', (_, make) => {
    const inner = make();
    expect(findPrivateKeys(typeof inner === 'string' ? text(inner) : inner)).toEqual([]);
    // With 0x30 all around every byte starts a sequence.
    if (typeof inner === 'string') expect(findPrivateKeys(embed(inner))).toEqual([]);
  });

  it('does not fire on random bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 2000 }), (bytes) => !containsPrivateKey(bytes)));
  });

  it.each<[string, string]>([
    ['dashes', '-'],
    ['BEGIN lines', '-----BEGIN EC PRIVATE KEY-----'],
    ['BEGIN lines with END lines', '-----BEGIN PRIVATE KEY-----AAAA-----END PRIVATE KEY-----'],
    ['sequences that claim a lot', '\x30\x83\x0f\xff\xff\x02\x01\0\x04\x02ab\x02\x01\0'],
    ['small integers', '\x02\x01\0'],
  ])('takes one pass over 4 MiB of %s', { timeout: 20_000 }, (_, unit) => {
    const bytes = Uint8Array.from(Buffer.from(unit.repeat(Math.ceil((4 << 20) / unit.length)), 'latin1'));
    expect(containsPrivateKey(bytes)).toBe(false);
  });
});
