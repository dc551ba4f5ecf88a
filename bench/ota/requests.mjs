// Requests about little: what a device costs that only asks, and one that fetches in pieces of 4 KB.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { Agent, get } from 'node:https';
import { cpuSeconds } from './process-usage.mjs';

const CONNECTIONS = 8;

export const REQUESTS = {
  'not modified': { headers: { 'if-none-match': '*' }, status: 304, bytes: 0 },
  '4 KB of a file': { headers: { range: 'bytes=8192-12287' }, status: 206, bytes: 4096 },
};

/** Requests per CPU second of the server, over keep-alive connections. */
export async function measureRequests({ fixture, server, kind, count }) {
  const { headers, status, bytes } = REQUESTS[kind];
  const [ca, cert, key] = [fixture.tls.ca, fixture.tls.clientCert, fixture.tls.clientKey].map((path) =>
    readFileSync(path),
  );
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS, ca, cert, key });
  const { path } = fixture.files.small;
  const ask = () =>
    new Promise((resolve, reject) => {
      get({ host: 'localhost', family: 4, port: server.port, path, agent, headers }, (response) => {
        let length = 0;
        response.on('data', (data) => (length += data.length));
        response.on('error', reject);
        response.on('end', () => {
          resolve({ status: response.statusCode, bytes: length });
        });
      }).on('error', reject);
    });
  const before = cpuSeconds(server.pid);
  let left = count;
  const client = async () => {
    while (left > 0) {
      left -= 1;
      assert.deepEqual(await ask(), { status, bytes }, `another reply than ${status}`);
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, client));
  const cpu = cpuSeconds(server.pid) - before;
  agent.destroy();
  return { perCpuSecond: count / cpu };
}
