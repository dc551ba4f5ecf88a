// What the SDK costs over bare mqtt.js: round trips of a command, and memory for devices that are followed.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { text } from 'node:stream/consumers';
import mqtt from 'mqtt';
import { bundleSizes } from './bundle-size.mjs';
import { bare, ours } from './contestants.mjs';
import { startWorld, STATUS } from './world.mjs';

export { missingForSim as missingForSdk } from '../sim/sim-bench.mjs';

const CONTESTANTS = { ours, bare };
const ROUNDS = 7;
/** Commands that are not counted, then those that are. */
const FULL = { warmUp: 300, sequential: 1_000, parallel: 4_000, followed: 1_000 };
const CHECK = { warmUp: 2, sequential: 4, parallel: 64, followed: 10 };
const IN_FLIGHT = 32;
const FOLLOW_LIMIT_MS = 120_000;

/** Everything once, with few of each. */
export const checkSdk = () => measure({ ...CHECK, rounds: 1 });

export const benchSdk = () => measure({ ...FULL, rounds: ROUNDS });

/** { inFlight, followed, rounds: [{ sequential: { ours, bare }, parallel: { … } }], memory: { ours, bare }, bundle } */
async function measure({ warmUp, sequential, parallel, followed, rounds }) {
  const world = await startWorld();
  try {
    const measured = [];
    for (let round = 0; round < rounds; round++) {
      const figures = { sequential: {}, parallel: {} };
      // Who begins changes from round to round.
      const order = round % 2 === 0 ? ['ours', 'bare'] : ['bare', 'ours'];
      for (const name of order) {
        const client = await CONTESTANTS[name](world);
        assert.deepEqual(await client.command(3_600), { ok: true });
        await roundTrips(client, warmUp, IN_FLIGHT);
        figures.sequential[name] = await roundTrips(client, sequential, 1);
        figures.parallel[name] = await roundTrips(client, parallel, IN_FLIGHT);
        await client.close();
      }
      measured.push(figures);
    }
    const memory = await memoryOf(world, followed);
    return { inFlight: IN_FLIGHT, followed, rounds: measured, memory, bundle: await bundleSizes() };
  } finally {
    await world.stop();
  }
}

/** So many commands, at most `inFlight` of them at once: { perSecond, p50Ms, p99Ms }. */
async function roundTrips(client, count, inFlight) {
  const times = [];
  let left = count;
  const worker = async () => {
    while (left-- > 0) {
      const startMs = performance.now();
      const reply = await client.command(3_600);
      times.push(performance.now() - startMs);
      if (reply.ok !== true) throw new Error('a wrong reply');
    }
  };
  const startMs = performance.now();
  await Promise.all(Array.from({ length: inFlight }, worker));
  const seconds = (performance.now() - startMs) / 1_000;
  assert.equal(times.length, count);
  times.sort((one, other) => one - other);
  const at = (share) => times[Math.min(count - 1, Math.floor(count * share))];
  return { perSecond: count / seconds, p50Ms: at(0.5), p99Ms: at(0.99) };
}

async function memoryOf({ url, tls }, followed) {
  const ids = Array.from({ length: followed + 1 }, (_, index) => `esp-${String(index + 1_000)}`);
  const feeder = await mqtt.connectAsync(url, { ca: tls.ca, cert: tls.cert, key: tls.key, protocolVersion: 5 });
  for (const id of ids) await feeder.publishAsync(`/esp/devices/${id}/status`, STATUS, { qos: 1, retain: true });
  await feeder.endAsync();
  const results = {};
  for (const who of Object.keys(CONTESTANTS)) {
    const program = spawn(process.execPath, ['--expose-gc', join(import.meta.dirname, 'followers.mjs')], {
      stdio: ['pipe', 'pipe', 'inherit'],
      timeout: FOLLOW_LIMIT_MS,
    });
    program.stdin.end(JSON.stringify({ who, url, tls, ids }));
    const [output, [code]] = await Promise.all([text(program.stdout), once(program, 'close')]);
    assert.equal(code, 0, `followers.mjs ${who}`);
    const { seen, ...figures } = JSON.parse(output);
    assert.equal(seen, ids.length, `${who} has not seen every device`);
    results[who] = figures;
  }
  return results;
}
