import { beforeAll, describe, expect, it } from 'vitest';
import { createCoreModule, type CoreModule } from '../../src/core/core-module.js';
import { interruptedDump, updatedDump } from './dumps.js';
import { LAYOUT } from './flash-dump.js';
import { REFUSED, UPDATED, type Goal } from './goals.js';
import { createMaterials, type Materials } from './materials.js';
import { readRecords } from './records.js';
import { badRoute, directRoute, factoryDump, manifestRoute, replacedRoute, type Scenario } from './scenario.js';
import { reportOf, sweep, type Sweep } from './sweep.js';

describe('power lost at any moment', () => {
  let core: CoreModule;
  let materials: Materials;
  beforeAll(async () => {
    core = createCoreModule();
    materials = await createMaterials();
  });
  const swept = async (scenario: Scenario, goal: Goal): Promise<Sweep> => {
    const found = await sweep({ core, materials, scenario, goal });
    console.info(reportOf(scenario.name, found));
    expect(found.failures.join('\n\n')).toBe('');
    return found;
  };

  it('of settings and of an update to a direct image leaves a device that ends updated', async () => {
    const { cutPoints } = await swept(directRoute(materials, factoryDump(materials.builds.running)), UPDATED);
    expect(cutPoints).toBeGreaterThan(400);
  });

  it('of settings and of an update by a release manifest leaves a device that ends updated', async () => {
    const dump = await updatedDump(core, materials, 400);
    const { undisturbed } = await swept(manifestRoute(materials, dump), UPDATED);
    const { nvs } = LAYOUT;
    // The log of records is full once: power is also lost while it is cleaned up.
    const cleanUps = undisturbed.filter(
      ({ kind, offset }) => kind === 'erase' && offset >= nvs.offset && offset < nvs.offset + nvs.length,
    );
    expect(cleanUps.length).toBe(1);
  });

  it('of an update in place of a part of another leaves a device that ends updated', async () => {
    const dump = await interruptedDump(core, materials);
    expect(readRecords(dump).has('resume')).toBe(true);
    await swept(replacedRoute(materials, dump), UPDATED);
  });

  it('of an update that is rolled back leaves a device that runs what it ran, and refuses the bad image', async () => {
    await swept(badRoute(materials, factoryDump(materials.builds.running)), REFUSED);
  });
});
