import { beforeAll, describe, expect, it } from 'vitest';
import { createCoreModule, type CoreModule } from '../../src/core/core-module.js';
import type { DeviceEvent } from '../../src/index.js';
import { REFUSED, UPDATED, type Goal } from './goals.js';
import { live, type Life } from './life.js';
import { createMaterials, type Materials } from './materials.js';
import { directRoute, factoryDump } from './scenario.js';

describe('power lost again and again before a good image is confirmed', () => {
  let core: CoreModule;
  let materials: Materials;
  beforeAll(async () => {
    core = createCoreModule();
    materials = await createMaterials();
  });
  const unplugged = (times: number, goal: Goal): Promise<Life> => {
    let left = times;
    const unplug = (event: DeviceEvent): boolean => {
      if (event.type !== 'booted' || !event.pendingConfirm || left === 0) return false;
      left -= 1;
      return true;
    };
    const scenario = directRoute(materials, factoryDump(materials.builds.running));
    return live({ core, materials, scenario, goal, unplug });
  };

  it.each([1, 2, 3])('%i times: it is tried once more, and confirmed', async (times) => {
    const { witness } = await unplugged(times, UPDATED);
    expect(witness.violations).toEqual([]);
    expect(witness).toMatchObject({ losses: times, offeredBoots: times + 1 });
  });

  it('4 times: it is refused from then on', async () => {
    const { witness } = await unplugged(4, REFUSED);
    expect(witness.violations).toEqual([]);
    expect(witness).toMatchObject({ losses: 4, offeredBoots: 4, confirmed: false });
  });
});
