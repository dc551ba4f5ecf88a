// A thousand clients at once, each at 26 KB/s, and what they cost the server in memory.
import { join } from 'node:path';
import { clearInterval, setInterval } from 'node:timers';
import { output } from './downloads.mjs';
import { residentBytes } from './process-usage.mjs';

const BYTES_PER_SECOND = 26_000;
const SAMPLE_MS = 100;

/**
 * { clients, complete, failures, timesIdeal: { median, slowest }, beforeBytes, peakBytes, bytesPerClient }. `ideal` is the file's size by the rate;
 * memory is the server's resident memory, not what the kernel holds for its sockets.
 */
export async function measureSlowClients({ fixture, server, file, clients }) {
  const { path, size, sha256 } = file;
  const { ca, clientCert, clientKey } = fixture.tls;
  const beforeBytes = residentBytes(server.pid);
  let peakBytes = beforeBytes;
  const sampler = setInterval(() => {
    peakBytes = Math.max(peakBytes, residentBytes(server.pid));
  }, SAMPLE_MS);
  const args = [server.port, path, size, sha256, clients, BYTES_PER_SECOND, ca, clientCert, clientKey];
  try {
    const text = await output('python3', [join(import.meta.dirname, 'slow_clients.py'), ...args.map(String)]);
    const { complete, failures, seconds } = JSON.parse(text);
    const ideal = size / BYTES_PER_SECOND;
    return {
      clients,
      complete,
      failures,
      timesIdeal: { median: seconds[Math.floor(seconds.length / 2)] / ideal, slowest: seconds.at(-1) / ideal },
      beforeBytes,
      peakBytes,
      bytesPerClient: (peakBytes - beforeBytes) / clients,
    };
  } finally {
    clearInterval(sampler);
  }
}
