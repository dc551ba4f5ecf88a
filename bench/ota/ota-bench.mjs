// The update server beside nginx, `express.static` and `openssl s_server -WWW`: the same files and certificates, one machine,
// one run, in alternating order.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { CONTESTANTS, nginxVersion } from './contestants.mjs';
import { checkBytes, measureDownloads } from './downloads.mjs';
import { makeFixture } from './fixture.mjs';
import { HANDSHAKES, measureHandshakes } from './handshakes.mjs';
import { canTellCpuTime } from './process-usage.mjs';
import { measureRequests, REQUESTS } from './requests.mjs';
import { measureSlowClients } from './slow-clients.mjs';

export { nginxVersion } from './contestants.mjs';

const FULL = { rounds: 5, megabytes: 800, requests: 2000, handshakes: 300, clients: 1000, slowFile: 'slow' };
/** Only whether it works. */
const SMOKE = { rounds: 0, megabytes: 8, requests: 50, handshakes: 10, clients: 20, slowFile: 'brief' };

/** Names of what is missing. */
export const missingForOta = () => [
  ...(canTellCpuTime() ? [] : ['Linux with schedstat']),
  ...(nginxVersion() === undefined ? ['nginx'] : []),
  ...['curl', 'python3'].filter((name) => spawnSync(name, ['--version']).status !== 0),
  ...(spawnSync('openssl', ['version']).status === 0 ? [] : ['openssl']),
];

/** Every contestant delivers the right bytes and stands every measurement. */
export const checkOta = () => bench(SMOKE);
export const benchOta = () => bench(FULL);

async function bench(extent) {
  const fixture = await makeFixture();
  try {
    return { ...(await speeds(fixture, extent)), slow: await slow(fixture, extent) };
  } finally {
    rmSync(fixture.folder, { recursive: true });
  }
}

/** What is measured of each contestant in each round: { key: measure(contestant, server) }. */
function measurements(fixture, { megabytes, requests, handshakes }) {
  const parallelOnly = (measure) => (contestant, server) =>
    contestant.clients === 1 ? undefined : measure(contestant, server);
  const download = (file) => (contestant, server) => {
    const share = contestant.clients === 1 ? 4 : 1;
    const count = Math.ceil((megabytes * 1e6) / file.size / share);
    return measureDownloads({ fixture, contestant, server, file, count });
  };
  return {
    ...Object.fromEntries(['small', 'large'].map((name) => [`download ${name}`, download(fixture.files[name])])),
    ...Object.fromEntries(
      Object.keys(REQUESTS).map((kind) => [
        kind,
        parallelOnly((_, server) => measureRequests({ fixture, server, kind, count: requests })),
      ]),
    ),
    ...Object.fromEntries(
      HANDSHAKES.map((kind) => [
        kind.name,
        (contestant, server) => {
          // a resumed one takes less than half of the time
          const count = kind.resumed ? 2 * handshakes : handshakes;
          return measureHandshakes({ fixture, contestant, server, kind, count });
        },
      ]),
    ),
  };
}

/** { rounds: [{ measurement: { contestant: figures } }] }, after one round that warms them up and does not count. */
async function speeds(fixture, extent) {
  const running = [];
  try {
    for (const contestant of CONTESTANTS) running.push({ contestant, server: await contestant.start(fixture) });
    for (const { server } of running)
      for (const file of Object.values(fixture.files)) checkBytes(fixture, server, file);
    const rounds = [];
    for (let at = 0; at <= extent.rounds; at++) {
      const results = {};
      for (const [name, measure] of Object.entries(measurements(fixture, extent))) {
        results[name] = {};
        for (const { contestant, server } of at % 2 === 0 ? running : running.toReversed()) {
          results[name][contestant.name] = await measure(contestant, server);
        }
      }
      if (at > 0) rounds.push(results);
    }
    return { rounds };
  } finally {
    for (const { server } of running) await server.stop();
  }
}

/** { contestant: figures }, each with a fresh server. */
async function slow(fixture, { clients, slowFile }) {
  const file = fixture.files[slowFile];
  const results = {};
  for (const contestant of CONTESTANTS.filter((each) => each.clients > 1)) {
    const server = await contestant.start(fixture);
    try {
      checkBytes(fixture, server, file);
      results[contestant.name] = await measureSlowClients({ fixture, server, file, clients });
      if (contestant.name === 'ours') assert.deepEqual(results.ours.failures, []);
    } finally {
      await server.stop();
    }
  }
  return results;
}
