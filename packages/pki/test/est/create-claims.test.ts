import { createPublicKey } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { claimState, createClaims, generatePrivateKey, isRenewalDue } from '../../src/index.js';
import { AttemptLimiter } from '../../src/est/handler/attempt-limiter.js';
import { rejected, thrown } from '../support/thrown.js';
import { estTree } from './est-tree.js';

describe('claims', () => {
  test('every device gets a token of its own with 256 bits, of which the store has the hash', async () => {
    const { tree: authority, claims } = await estTree();
    const created = await createClaims({ deviceIds: ['a', 'b', 'a'], claims, authority });
    expect(created.map(({ claim }) => claim.deviceId)).toEqual(['a', 'b']);
    for (const { token, claim } of created) {
      expect(token).toMatch(/^[A-Za-z0-9_-]{43}$/);
      expect(JSON.stringify(await claims.get(claim.deviceId))).not.toContain(token);
      expect(claim.expiresAt.getTime() - claim.createdAt.getTime()).toBe(7 * 86_400_000);
    }
    expect(created[0]?.token).not.toBe(created[1]?.token);
  });

  test('a device with a good certificate gets one only when that is asked for', async () => {
    const { tree, claims } = await estTree();
    await tree.issueDevice('b');
    for (const deviceIds of [['b'], ['a', 'b']]) {
      const refused = await rejected(createClaims({ deviceIds, claims, authority: tree }), 'ERR_PKI_CLAIM');
      expect(refused.message).toContain('"b" has a good certificate');
    }
    expect(await claims.get('a')).toBeUndefined();
    expect(await createClaims({ deviceIds: ['b'], claims, authority: tree, reprovision: true })).toHaveLength(1);
    await tree.revoke({ commonName: 'b' });
    expect(await createClaims({ deviceIds: ['b'], claims, authority: tree })).toHaveLength(1);
  });

  test('wrong options are errors before anything is written', async () => {
    const { tree: authority, claims } = await estTree();
    const good = { deviceIds: ['a'], claims, authority };
    for (const days of [0, -1, 366, Number.NaN]) await rejected(createClaims({ ...good, days }), 'ERR_PKI_OPTION');
    for (const id of ['', 'a/b', 'operator', 'x'.repeat(65)]) {
      await rejected(createClaims({ ...good, deviceIds: ['a', id] }), 'ERR_PKI_NAME');
    }
    const publicKey = createPublicKey((await generatePrivateKey('ec-p256')).pem)
      .export({ type: 'spki', format: 'pem' })
      .toString();
    await rejected(createClaims({ ...good, deviceIds: ['a', 'b'], publicKey }), 'ERR_PKI_OPTION');
    await rejected(createClaims({ ...good, publicKey: 'x' }), 'ERR_PKI_PEM');
    for await (const claim of claims.list()) throw new Error(`${claim.deviceId} was written`);
  });

  test('states', async () => {
    const { tree: authority, claims } = await estTree();
    const now = new Date();
    const [created] = await createClaims({ deviceIds: ['a'], claims, authority, now: () => now });
    if (!created) throw new Error('no claim');
    const { claim } = created;
    const later = new Date(now.getTime() + 8 * 86_400_000);
    expect(claimState(claim, now)).toBe('open');
    expect(claimState({ ...claim, usedAt: now }, now)).toBe('bound');
    expect(claimState(claim, later)).toBe('expired');
    expect(claimState({ ...claim, usedAt: now, serial: 'AB' }, later)).toBe('used');
  });
});

test('attempts are counted in bounded memory, and the oldest names are forgotten first', () => {
  let now = new Date(0);
  const limiter = new AttemptLimiter({ max: 1, windowMs: 1000, now: () => now, capacity: 3 });
  expect(limiter.count('a')).toBeUndefined();
  expect(limiter.count('a')).toBe(1);
  for (let index = 0; index < 1000; index += 1) limiter.count(`name-${index}`);
  expect(limiter.size).toBe(3);
  expect(limiter.count('a')).toBeUndefined();
  now = new Date(5000);
  limiter.count('b');
  expect(limiter.size).toBe(1);
});

test('a certificate is due for renewal at two thirds of its time', () => {
  const info = { notBefore: new Date(0), notAfter: new Date(1000) };
  expect([659, 660].map((ms) => isRenewalDue(info, new Date(ms)))).toEqual([false, true]);
  expect([isRenewalDue(info, new Date(0), 0), isRenewalDue(info, new Date(999), 100)]).toEqual([true, false]);
  for (const percent of [-1, 101, Number.NaN]) thrown(() => isRenewalDue(info, new Date(0), percent), 'ERR_PKI_OPTION');
});
