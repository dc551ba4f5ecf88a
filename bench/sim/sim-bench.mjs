// A fleet of virtual devices in one process: what a device costs, how fast they connect, and how long the update of all takes.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { connect } from '@secure-esp/device-client';
import { canTellCpuTime } from '../ota/process-usage.mjs';
import { startCli, startWorld } from './world.mjs';

/** Seconds over which so many devices start their updates: a thousand at once, more in a flow that two cores can serve. */
const SPREADS = { 1000: 0, 2000: 80, 5000: 200, 10_000: 400 };
const RATE = 200;
const ONLINE_LIMIT_MS = 20 * 60_000;

/** Names of what is missing. */
export const missingForSim = () => [
  ...(canTellCpuTime() ? [] : ['Linux with schedstat']),
  ...(spawnSync('mosquitto', ['-h']).error === undefined ? [] : ['mosquitto']),
];

export const mosquittoVersion = () =>
  /version ([\d.]+)/.exec(spawnSync('mosquitto', ['-h'], { encoding: 'utf8' }).stdout)?.[1];

/** Twenty devices take their update. */
export const checkSim = () => measure({ devices: 20, spread: 0 });

/** One entry per size of the fleet, each with servers of its own. */
export async function benchSim() {
  const results = [];
  for (const [devices, spread] of Object.entries(SPREADS)) {
    results.push(await measure({ devices: Number(devices), spread }));
  }
  return results;
}

/** { devices, spread, figures: what `sim --json` prints, busy: { broker, ota } } */
export async function measure({ devices, spread, rate = RATE }) {
  const world = await startWorld();
  try {
    const options = ['--count', devices, '--rate', rate, '--spread', spread, '--no-checks', '--require-manifest'];
    const servers = ['--url', world.deviceUrl, '--ota', world.otaUrl];
    const fleet = startCli(
      ['sim', ...options, ...servers, '--firmware', '1.0.0.bin', '--json', '--once'].map(String),
      world.folder,
    );
    try {
      await fleet.until(/virtual devices are online/, ONLINE_LIMIT_MS);
      const client = await connect({ url: world.operatorUrl, tls: world.tree.operator });
      await client.broadcast.update.run();
      await client.close();
      const code = await fleet.exited;
      const busy = { broker: world.broker.usage(), ota: world.ota.usage() };
      assert.equal(code, 0, fleet.text.err.slice(-2000));
      const figures = JSON.parse(fleet.text.out);
      assert.deepEqual([figures.confirmed, figures.failedRuns, figures.dead], [devices, 0, 0]);
      return { devices, spread, figures, busy };
    } finally {
      await fleet.stop();
    }
  } finally {
    await world.stop();
    rmSync(world.folder, { recursive: true });
  }
}
