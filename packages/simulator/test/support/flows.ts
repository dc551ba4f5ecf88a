import type { UpdateStateEvent } from '@secure-esp/protocol';
import type { World } from './world.js';

const ENDINGS: readonly string[] = ['idle', 'confirmed', 'rolled_back', 'failed'];

/** Sends `update/run` and waits for the end of that run. */
export const runUpdate = async (world: World, id: string): Promise<UpdateStateEvent> => {
  const before = world.operator.received
    .filter(({ topic }) => topic === `/esp/devices/${id}/update/state`)
    .map(({ payload }) => (JSON.parse(payload) as UpdateStateEvent).run);
  const last = Math.max(0, ...before);
  await world.operator.send(`/esp/devices/${id}/update/run`);
  return world.untilState(id, ({ run, state }) => run > last && ENDINGS.includes(state));
};
