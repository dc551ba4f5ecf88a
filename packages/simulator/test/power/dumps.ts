import type { CoreModule } from '../../src/core/core-module.js';
import { isImage, type FlashDump } from './flash-dump.js';
import { ALIVE, UPDATED } from './goals.js';
import { live } from './life.js';
import type { Materials } from './materials.js';
import { fillRecords } from './records.js';
import { directRoute, factoryDump } from './scenario.js';

/** A device with a past: updated once, so that it runs from the second slot, with so much room in its log of records. */
export const updatedDump = async (core: CoreModule, materials: Materials, roomBytes: number): Promise<FlashDump> => {
  const { builds } = materials;
  const earlier = { ...materials, builds: { ...builds, running: builds.previous, offered: builds.running } };
  const scenario = { ...directRoute(earlier, factoryDump(builds.previous)), commands: [] };
  const { dump, witness } = await live({ core, materials, scenario, goal: UPDATED });
  if (witness.violations.length > 0) throw new Error(witness.violations.join('; '));
  fillRecords(dump, roomBytes);
  return dump;
};

/** A device that lost power within a download, late enough that it can go on with it. */
export const interruptedDump = async (core: CoreModule, materials: Materials): Promise<FlashDump> => {
  const { builds } = materials;
  const earlier = { ...materials, builds: { ...builds, offered: builds.withdrawn } };
  const given = { core, materials, scenario: directRoute(earlier, factoryDump(builds.running)), goal: ALIVE };
  const { operations } = await live({ ...given, goal: UPDATED });
  const at = operations.map((operation) => isImage(operation)).lastIndexOf(true);
  const { dump, witness } = await live({ ...given, faults: { power: [{ at }] } });
  if (witness.violations.length > 0) throw new Error(witness.violations.join('; '));
  return dump;
};
