import { initPki, type Credentials, type PkiTree } from '@secure-esp/pki';
import { secureEspV1 } from '@secure-esp/protocol';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { START_ACL_BROKER, type BrokerKind } from './support/acl-brokers.js';
import { CaseTable, DIFFERENCES } from './support/acl-cases.js';
import { CONTRACTS, WRONG_CONTRACT, WRONG_LEAVES } from './support/acl-contracts.js';
import { publishMatrix } from './support/acl-publish.js';
import { receiveMatrix } from './support/acl-receive.js';
import { refusedMatrix, type Refused } from './support/acl-refused.js';
import type { AclSession } from './support/acl-session.js';
import { willMatrix } from './support/acl-will.js';
import { hasTools } from './support/environment.js';

const available = hasTools('mosquitto');
const outcomes: Record<BrokerKind, Map<string, string>> = { embedded: new Map(), mosquitto: new Map() };

/**
 * Every role × topic × publish, subscribe and will, on the ACLs that the brokers derive from a contract. What must happen is
 * derived from the contract a second time, in `support/acl-policy.ts`.
 */
describe('access, case by case', () => {
  let dir: string;
  let pki: PkiTree;
  let devices: Map<string, Credentials>;
  let refused: readonly Refused[];

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'secure-esp-acl-'));
    pki = await initPki({ dir: join(dir, 'pki'), devices: ['dev-1', 'dev-10'] });
    const other = await initPki({ dir: join(dir, 'other'), devices: ['dev-1'] });
    devices = new Map([
      ['dev-1', await pki.device('dev-1')],
      ['dev-10', await pki.device('dev-10')],
    ]);
    const device = await pki.device('dev-1');
    const stranger = await other.device('dev-1');
    refused = [
      ...(['operators', 'devices'] as const).flatMap((listener) => [
        { name: 'nobody', listener },
        { name: 'a device of another CA', listener, credentials: stranger },
        { name: 'an operator of another CA', listener, credentials: other.operator },
        { name: 'the broker', listener, credentials: pki.broker },
      ]),
      { name: 'a device', listener: 'operators', credentials: device },
      { name: 'an operator', listener: 'devices', credentials: pki.operator },
    ];
  });
  afterAll(async () => {
    await rm(dir, { recursive: true, force: true });
  });

  describe.each(['embedded', 'mosquitto'] as const)('%s', (kind) => {
    describe.skipIf(kind === 'mosquitto' && !available).each(CONTRACTS)('$name', ({ name, protocol }) => {
      let session: AclSession;
      let began: number;

      beforeAll(async () => {
        began = performance.now();
        const broker = await START_ACL_BROKER[kind]({ pki, protocol, dir: join(dir, `${kind} ${name}`) });
        session = { protocol, broker, pki, devices, cases: new CaseTable() };
      });
      afterAll(async () => {
        await session.broker.close();
        for (const [key, outcome] of session.cases.outcomes()) outcomes[kind].set(`${name}: ${key}`, outcome);
        const parts = ['publish', 'subscribe', 'receive', 'will', 'refused'].map((part) => {
          const { cases, allowed } = session.cases.count(part);
          return `${cases} ${part} (${allowed} allowed)`;
        });
        const seconds = ((performance.now() - began) / 1000).toFixed(1);
        console.info(`ACL matrix, ${kind}, ${name}: ${parts.join(', ')}; ${seconds} s`);
      });

      test.each([
        ['publishes exactly what the contract lets it publish', publishMatrix, /^publish/],
        [
          'receives exactly what the contract lets it receive, whatever it subscribed to',
          receiveMatrix,
          /^(subscribe|receive)/,
        ],
        ['dies with a will that is published exactly if its publish were', willMatrix, /^will/],
      ] as const)('everybody %s', async (_sentence, matrix, keys) => {
        await matrix(session);
        expect(session.cases.wrong(kind, keys).slice(0, 20)).toEqual([]);
      });

      test('nobody without a certificate of the listener’s CA is heard or answered', async () => {
        await refusedMatrix(session, refused);
        expect(session.cases.wrong(kind, /^refused/).slice(0, 20)).toEqual([]);
      });
    });
  });

  // The net must hold: with rules that are a little wrong, each part finds the wrong topics, and no others.
  test.skipIf(!available).each([
    ['embedded', 'publish', publishMatrix, WRONG_LEAVES],
    ['mosquitto', 'publish', publishMatrix, WRONG_LEAVES],
    ['embedded', 'receive', receiveMatrix, ['settings']],
    ['mosquitto', 'receive', receiveMatrix, ['settings']],
    ['embedded', 'will', willMatrix, WRONG_LEAVES],
    ['mosquitto', 'will', willMatrix, WRONG_LEAVES],
  ] as const)('with rules of another contract, the matrix of %s finds what is wrong: %s', async (...row) => {
    const [kind, part, matrix, leaves] = row;
    const broker = await START_ACL_BROKER[kind]({ pki, protocol: WRONG_CONTRACT, dir: join(dir, `${kind} ${part}`) });
    try {
      const session = { protocol: secureEspV1, broker, pki, devices, cases: new CaseTable() };
      await matrix(session);
      const found = session.cases.wrong(kind, /^/).map((line) => /([a-z]+): expected/.exec(line)?.[1] ?? line);
      expect([...new Set(found)].sort()).toEqual(leaves);
    } finally {
      await broker.close();
    }
  });

  test.skipIf(!available)('both brokers agree in every case but those that are listed', () => {
    const { embedded, mosquitto } = outcomes;
    expect([...embedded.keys()].sort()).toEqual([...mosquitto.keys()].sort());
    const different = [...embedded].filter(([key, outcome]) => mosquitto.get(key) !== outcome).map(([key]) => key);
    const listed = (key: string): number =>
      DIFFERENCES.findIndex(({ covers }) => covers(key.slice(key.indexOf(': ') + 2)));
    expect(different.filter((key) => listed(key) === -1).slice(0, 20)).toEqual([]);
    // A difference that does not show any more is to be removed from the list.
    expect([...new Set(different.map(listed))].sort()).toEqual(DIFFERENCES.map((_, index) => index));
    console.info(`ACL matrix: ${embedded.size} cases on each broker, ${different.length} with a listed difference`);
  });
});
