import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createBackoff } from '../../src/ports/backoff.js';
import { createSecureContexts, isTlsFault } from '../../src/ports/credentials.js';
import { classifyFailure, type ConnectFailure, type ConnectStage } from '../../src/ports/mqtt-failure.js';
import { createReleaseKeyVerifier } from '../../src/ports/release-keys.js';

describe('the backoff', () => {
  it('is uniform below a bound that doubles up to its limit, and begins anew after a reset', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        fc.nat({ max: 2000 }),
        (random, steps) => {
          const backoff = createBackoff(() => random, { baseMs: 100, maxMs: 5000 });
          for (let step = 0; step < steps; step += 1) {
            expect(backoff.nextMs()).toBe(Math.floor(random * Math.min(5000, 100 * 2 ** Math.min(step, 30))));
          }
          backoff.reset();
          expect(backoff.nextMs()).toBe(Math.floor(random * 100));
        },
      ),
      { numRuns: 30 },
    );
  });
});

describe('a failed connection', () => {
  const coded = (code: string | number): Error => Object.assign(new Error('x'), { code });
  it.each<[ConnectStage, unknown, ConnectFailure]>([
    ['connecting', coded('ECONNREFUSED'), 'unreachable'],
    ['connecting', coded('ENOTFOUND'), 'unreachable'],
    ['connecting', undefined, 'unreachable'],
    ['handshake', coded('ECONNRESET'), 'tls'],
    ['handshake', coded('SELF_SIGNED_CERT_IN_CHAIN'), 'tls'],
    ['handshake', coded('ERR_TLS_CERT_ALTNAME_INVALID'), 'tls'],
    ['secure', coded('ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED'), 'tls'],
    ['secure', undefined, 'auth'],
    ['secure', coded(0x87), 'auth'],
    ['secure', coded(0x85), 'auth'],
    ['secure', coded(0x88), 'unreachable'],
    ['secure', coded(0x89), 'unreachable'],
  ])('at stage %s with %o is %s', (stage, error, failure) => {
    expect(classifyFailure(stage, error)).toBe(failure);
  });

  it('is about TLS only when an error says so', () => {
    expect([undefined, null, 'EPROTO', new Error('EPROTO')].map(isTlsFault)).toEqual([false, false, false, false]);
  });
});

describe('credentials', () => {
  it('that are no PEM are refused without being quoted', () => {
    const secret = 'SECRET-KEY-TEXT';
    expect(() => createSecureContexts()('mqtt', { cert: secret, key: secret, ca: secret })).toThrow(
      expect.objectContaining({ code: 'bad_option', message: expect.not.stringContaining(secret) as string }),
    );
  });
});

describe('release keys', () => {
  const pair = () => generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const spkiPem = (key: ReturnType<typeof pair>): string =>
    key.publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const kidOf = (key: ReturnType<typeof pair>): string =>
    createHash('sha256')
      .update(key.publicKey.export({ type: 'spki', format: 'der' }))
      .digest('hex');

  it('verify what their owner signed, under his key id only', () => {
    const [first, second] = [pair(), pair()];
    const verify = createReleaseKeyVerifier([spkiPem(first), spkiPem(second)]);
    const data = Buffer.from('header.payload');
    const signature = sign('sha256', data, { key: second.privateKey, dsaEncoding: 'ieee-p1363' });
    expect(verify(kidOf(second), data, signature)).toBe('ok');
    expect(verify(kidOf(first), data, signature)).toBe('bad');
    expect(verify(kidOf(second), Buffer.from('header.other'), signature)).toBe('bad');
    expect(verify('00'.repeat(32), data, signature)).toBe('unknown_key');
    expect(verify(kidOf(second), data, new Uint8Array(64))).toBe('bad');
  });

  it('are P-256 public keys in PEM', () => {
    const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey.export({ type: 'spki', format: 'pem' });
    for (const pem of ['nothing', p384.toString()]) {
      expect(() => createReleaseKeyVerifier([pem])).toThrow(expect.objectContaining({ code: 'bad_option' }));
    }
  });
});
