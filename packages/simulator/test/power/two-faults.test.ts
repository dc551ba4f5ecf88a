import { randomInt } from 'node:crypto';
import { expect, it } from 'vitest';
import { createCoreModule } from '../../src/core/core-module.js';
import { seededRandom } from '../../src/flash/torn.js';
import { interruptedDump, updatedDump } from './dumps.js';
import { REFUSED, UPDATED } from './goals.js';
import { live, type Faults, type NetworkFault, type PowerLoss } from './life.js';
import { createMaterials } from './materials.js';
import { badRoute, directRoute, factoryDump, manifestRoute, replacedRoute } from './scenario.js';
import { describeLife } from './sweep.js';

const RUNS = Number(process.env['SECURE_ESP_TWO_FAULTS'] ?? 500);
const SEED = Number(process.env['SECURE_ESP_SEED'] ?? randomInt(2 ** 31));

type Random = () => number;
const below = (random: Random, bound: number): number => Math.floor(random() * bound);
const oneOf = <T>(random: Random, [first, ...others]: readonly [T, ...T[]]): T =>
  others[below(random, others.length + 1) - 1] ?? first;

const anyLoss = (random: Random, operations: number): PowerLoss => ({
  at: 1 + below(random, operations),
  torn: oneOf(random, [0, 1, random(), random()]),
  seed: below(random, 2 ** 31),
});

/** Most updates here take place in the first seconds; the others begin in the first minutes. */
const anyNetworkFault = (random: Random): NetworkFault => {
  const kind = oneOf<NetworkFault['kind']>(random, ['connection', 'server', 'broker']);
  // Up to twice the confirmation deadline of these devices: a broker that is away takes no update back.
  const forMs = below(random, 120_000);
  return { kind, atMs: below(random, random() < 0.7 ? 5000 : 310_000), forMs };
};

const anyFaults = (random: Random, operations: number): Faults => {
  const first = anyLoss(random, operations);
  if (random() < 0.25) return { power: [first], network: [anyNetworkFault(random)] };
  // After the first one, less is left to do; the very next steps are the ones that clean up.
  return { power: [first, anyLoss(random, random() < 0.3 ? 6 : operations / 2)] };
};

it(
  `two faults in one update, at random, leave a device that ends where it should`,
  { timeout: 1_200_000 },
  async () => {
    const core = createCoreModule();
    const materials = await createMaterials();
    const updated = await updatedDump(core, materials, 6000);
    const interrupted = await interruptedDump(core, materials);
    const { running } = materials.builds;
    const cases = [
      (room: number) => ({ scenario: directRoute(materials, factoryDump(running, room)), goal: UPDATED }),
      () => ({ scenario: manifestRoute(materials, updated), goal: UPDATED }),
      () => ({ scenario: replacedRoute(materials, interrupted), goal: UPDATED }),
      (room: number) => ({ scenario: badRoute(materials, factoryDump(running, room)), goal: REFUSED }),
    ] as const;
    const started = performance.now();
    const failures: string[] = [];
    let both = 0;
    for (let run = 0; run < RUNS && failures.length < 3; run += 1) {
      const seed = (SEED + run) % 2 ** 31;
      const random = seededRandom(seed);
      const { scenario, goal } = oneOf(random, cases)(50 + below(random, 1500));
      const faults = anyFaults(random, 85);
      const life = await live({ core, materials, scenario, goal, faults, seed });
      if (faults.network !== undefined || life.witness.losses === 2) both += 1;
      if (life.witness.violations.length > 0) {
        failures.push(describeLife({ SECURE_ESP_SEED: seed, scenario: scenario.name, ...faults }, life));
      }
    }
    console.info(
      `two faults: seed ${String(SEED)} (SECURE_ESP_SEED), ${String(RUNS)} runs (SECURE_ESP_TWO_FAULTS), ` +
        `both faults came in ${String(both)}; ${((performance.now() - started) / 1000).toFixed(1)} s`,
    );
    expect(failures.join('\n\n')).toBe('');
    expect(both).toBeGreaterThan(RUNS / 2);
  },
);
