import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mosquittoMissing, startMosquitto, type MosquittoTestBroker } from '../fixtures/test-broker.js';
import { NETWORK_FAULTS } from './support/network-faults.js';
import { inParallel } from './support/parallel.js';
import { runScenario, type ScenarioOptions } from './support/scenario.js';
import {
  deafLinks,
  forgetfulLinks,
  leakingLinks,
  lostTimers,
  resendingLinks,
  unsettledLinks,
} from './support/spoiled-links.js';

const missing = process.env['CI'] === undefined ? mosquittoMissing() : undefined;

type Mutant = () => Pick<ScenarioOptions, 'openLink' | 'timers'>;

/** Each is a fault that a client of MQTT could well have. */
const MUTANTS: [string, Mutant, string, RegExp][] = [
  ['sends again after a reconnect', () => ({ openLink: resendingLinks() }), 'reset', /^carried out more than once/],
  [
    'leaves publishes unsettled when the connection goes',
    () => ({ openLink: unsettledLinks }),
    'reset',
    /^broadcast rejected with deadline/,
  ],
  [
    'does not notice a lost connection',
    () => ({ openLink: deafLinks }),
    'reset',
    /^(the next command failed|not within)/,
  ],
  ['does not notice that deadlines pass', () => ({ timers: lostTimers }), 'half open', /did not settle within/],
  ['keeps its socket after close', () => ({ openLink: leakingLinks }), 'reset', /lets go of every socket/],
  ['forgets to subscribe to replies', () => ({ openLink: forgetfulLinks }), 'reset', /^the next command failed/],
];

describe.skipIf(missing !== undefined)(
  `the fault tests notice a client that${missing === undefined ? '' : ` (${missing})`}`,
  () => {
    let broker: MosquittoTestBroker;
    beforeAll(async () => {
      broker = await startMosquitto();
    });
    afterAll(() => broker.close());

    it.concurrent.each(MUTANTS)('%s', async (_, mutant, faultName, expected) => {
      const fault = NETWORK_FAULTS.find(({ name }) => name === faultName);
      const violations: string[] = [];
      // The packets of a command and a broadcast; see the list that the sweep prints.
      const points = [13, 16];
      await inParallel(points, points.length, async (before) => {
        const report = await runScenario({
          broker,
          ...mutant(),
          strikes: fault === undefined ? [] : [{ fault, before }],
          patienceMs: 1_000,
        });
        violations.push(...report.violations);
      });
      expect(violations.some((violation) => expected.test(violation))).toBe(true);
    });
  },
);
