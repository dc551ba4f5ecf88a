import { beforeAll, describe, expect, it } from 'vitest';
import { createCoreModule } from '../../src/core/core-module.js';
import { interruptedDump } from './dumps.js';
import { isImage } from './flash-dump.js';
import { UPDATED } from './goals.js';
import { createMaterials, type Materials } from './materials.js';
import { compileMutant, MUTANTS, type Mutant } from './mutants.js';
import { directRoute, factoryDump, replacedRoute, type Scenario } from './scenario.js';
import { sweep } from './sweep.js';

describe('the sweep finds a core in which', () => {
  let materials: Materials;
  beforeAll(async () => {
    materials = await createMaterials();
  });
  const firstFailure = async (mutant: Mutant, scenario: Scenario, images = false): Promise<string> => {
    const core = createCoreModule(await compileMutant(mutant));
    const only = images ? isImage : (operation: Parameters<typeof isImage>[0]) => !isImage(operation);
    const { failures, cutPoints, elapsedMs } = await sweep({
      core,
      materials,
      scenario,
      goal: UPDATED,
      only,
      maxFailures: 1,
    });
    console.info(`${mutant.name}: cut point ${String(cutPoints)}, ${(elapsedMs / 1000).toFixed(1)} s`);
    return failures.join('');
  };

  it(MUTANTS.bootBeforeRecord.name, async () => {
    const scenario = directRoute(materials, factoryDump(materials.builds.running));
    expect(await firstFailure(MUTANTS.bootBeforeRecord, scenario)).toContain('confirmed is said of an update from');
  });

  it(MUTANTS.recordErasedFirst.name, async () => {
    const scenario = directRoute(materials, factoryDump(materials.builds.running));
    expect(await firstFailure(MUTANTS.recordErasedFirst, scenario)).toContain('not there 600 s after');
  });

  it(MUTANTS.resumeKept.name, async () => {
    const scenario = replacedRoute(materials, await interruptedDump(createCoreModule(), materials));
    expect(await firstFailure(MUTANTS.resumeKept, scenario, true)).toContain('which are not in the slot');
  });

  it(MUTANTS.resumeAhead.name, async () => {
    const scenario = directRoute(materials, factoryDump(materials.builds.running));
    expect(await firstFailure(MUTANTS.resumeAhead, scenario)).toContain('which are not in the slot');
  });
});
