import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mosquittoMissing, startMosquitto, type MosquittoTestBroker } from '../fixtures/test-broker.js';
import { NETWORK_FAULTS } from './support/network-faults.js';
import { inParallel } from './support/parallel.js';
import { runScenario, type Strike } from './support/scenario.js';

const missing = process.env['CI'] === undefined ? mosquittoMissing() : undefined;

/** Pairs of faults; `npm run verify` asks for more. */
const RUNS = Number(process.env['SECURE_ESP_NETWORK_FAULTS'] ?? 60);
const SEED = Number(process.env['SECURE_ESP_SEED'] ?? Math.floor(Math.random() * 0x7fff_ffff));
const WIDTH = 24;
/** Past the last packet of a fault-free life: recovering takes packets as well. */
const LAST_PACKET = 40;

/** mulberry32: small, and the same everywhere. */
function randomOf(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000) * below);
  };
}

describe.skipIf(missing !== undefined)(`two faults in one life${missing === undefined ? '' : ` (${missing})`}`, () => {
  let broker: MosquittoTestBroker;
  beforeAll(async () => {
    broker = await startMosquitto();
  });
  afterAll(() => broker.close());

  it(
    `break no promise (${String(RUNS)} pairs, SECURE_ESP_SEED=${String(SEED)})`,
    async () => {
      const failures: string[] = [];
      const runs = Array.from({ length: RUNS }, (_, run) => run);
      await inParallel(runs, WIDTH, async (run) => {
        const random = randomOf(SEED + run);
        const strikes = [strikeOf(random), strikeOf(random)].toSorted((a, b) => a.before - b.before);
        const own = strikes.some(({ fault }) => fault.hitsBroker) ? await startMosquitto() : undefined;
        const queue = random(2) === 1;
        const report = await runScenario({ broker: own ?? broker, strikes, queue });
        await own?.close();
        if (report.violations.length === 0) return;
        const what = strikes.map(({ fault, before }) => `${fault.name} before ${String(before)}`).join(', ');
        const where = `SECURE_ESP_SEED=${String(SEED + run)} SECURE_ESP_NETWORK_FAULTS=1 (${what}${queue ? ', queue' : ''})`;
        failures.push(`${where}: ${report.violations.join('; ')} [${report.outcomes.join(', ')}]`);
      });
      expect(failures).toEqual([]);
    },
    120_000 + RUNS * 2_000,
  );
});

function strikeOf(random: (below: number) => number): Strike {
  const fault = NETWORK_FAULTS[random(NETWORK_FAULTS.length)];
  if (fault === undefined) throw new Error('no such fault');
  return { fault, before: 1 + random(LAST_PACKET) };
}
