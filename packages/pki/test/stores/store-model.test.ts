import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  createCertificateAuthority,
  FilePkiStore,
  isPkiError,
  type IssuedRecord,
  MemoryPkiStore,
  type PkiStore,
  REVOCATION_REASONS,
  type Revocation,
} from '../../src/index.js';
import { tempDir } from '../support/temp-dir.js';

/** What a store must have become after some calls, written down as plainly as possible. */
interface Model {
  readonly revoked: Map<string, Revocation>;
  highest: bigint;
  latest: { number: bigint; crl: string } | undefined;
}

type Step = (store: PkiStore, model: Model) => Promise<void>;

let records: IssuedRecord[] = [];
beforeAll(async () => {
  const store = new MemoryPkiStore();
  const { ca } = await createCertificateAuthority({ subject: { CN: 'CA' }, roles: ['device'], store });
  for (const CN of ['a', 'b', 'c']) await ca.issue({ role: 'device', subject: { CN } });
  for await (const record of store.list({ role: 'device' })) records.push(record);
  return () => (records = []);
});

const revoke = fc
  .record({
    index: fc.nat({ max: 2 }),
    reason: fc.constantFrom(...REVOCATION_REASONS),
    at: fc.integer({ min: 0, max: 4_000_000_000 }).map((seconds) => new Date(seconds * 1000)),
  })
  .map(({ index, reason, at }): Step => {
    return async (store, { revoked }) => {
      const { serial } = records[index] ?? { serial: '' };
      const first = revoked.get(serial) ?? { serial, reason, at };
      revoked.set(serial, first);
      expect(await store.revoke(serial, { reason, at })).toEqual(first);
    };
  });

const takeNumber = fc.constant<Step>(async (store, model) => {
  const number = await store.nextCrlNumber('ab');
  expect(number > model.highest).toBe(true);
  model.highest = number;
});

const putCrl = fc.tuple(fc.bigInt({ min: 0n, max: 6n }), fc.string({ maxLength: 5 })).map(([number, crl]): Step => {
  return async (store, model) => {
    const accepted = await store.putCrl({ issuerKeyId: 'ab', number, crl }).then(
      () => true,
      (error: unknown) => !(isPkiError(error) && error.code === 'ERR_PKI_STORE'),
    );
    expect(accepted).toBe(number >= 1n && number <= model.highest);
    if (accepted && (model.latest === undefined || number > model.latest.number)) model.latest = { number, crl };
  };
});

describe.each([
  ['MemoryPkiStore', () => Promise.resolve(new MemoryPkiStore()), 200],
  ['FilePkiStore', async () => new FilePkiStore(join(await tempDir(), 'issued')), 100],
] as const)('%s', (_name, makeStore: () => Promise<PkiStore>, numRuns: number) => {
  test('after any calls in any order knows what the model knows', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(revoke, takeNumber, putCrl), { maxLength: 15 }), async (steps) => {
        const store = await makeStore();
        for (const record of records) await store.put(record);
        const model: Model = { revoked: new Map(), highest: 0n, latest: undefined };
        for (const step of steps) await step(store, model);
        const revocations: Revocation[] = [];
        for await (const revocation of store.revocations()) revocations.push(revocation);
        expect(new Map(revocations.map((one) => [one.serial, one]))).toEqual(model.revoked);
        for (const { serial } of records) expect(await store.revocation(serial)).toEqual(model.revoked.get(serial));
        const latest = model.latest && { issuerKeyId: 'ab', ...model.latest };
        expect(await store.latestCrl('ab')).toEqual(latest);
      }),
      { numRuns },
    );
  }, 30_000);
});
