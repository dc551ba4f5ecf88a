// Whole files over keep-alive connections, by curl, which takes little of the machine and fails on a short body.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { run } from '../lib/tools.mjs';
import { cpuSeconds } from './process-usage.mjs';

const CONNECTIONS = 4;

const identity = ({ tls }) => ['--cacert', tls.ca, '--cert', tls.clientCert, '--key', tls.clientKey];
const addressOf = (server, { path }) => `https://localhost:${server.port}${path}`;

/** Throws unless the server delivers the very bytes of the file. */
export function checkBytes(fixture, server, file) {
  const args = ['--silent', '--show-error', '--fail', '--ipv4', ...identity(fixture), addressOf(server, file)];
  const bytes = run('curl', args, { encoding: 'buffer' });
  assert.equal(createHash('sha256').update(bytes).digest('hex'), file.sha256, 'other bytes than the file has');
}

/** { cpuSecondsPerGb, mbPerSecond } of `count` downloads of a file; megabytes and gigabytes of 10⁶ and 10⁹ bytes. */
export async function measureDownloads({ fixture, contestant, server, file, count }) {
  const list = join(fixture.folder, 'urls');
  writeFileSync(list, `url = "${addressOf(server, file)}"\noutput = "/dev/null"\n`.repeat(count));
  const parallel = ['--parallel', '--parallel-max', String(Math.min(CONNECTIONS, contestant.clients))];
  const quiet = ['--silent', '--show-error', '--fail', '--ipv4', '--write-out', '%{size_download}\\n'];
  const before = cpuSeconds(server.pid);
  const startMs = performance.now();
  const sizes = (await output('curl', [...quiet, ...parallel, ...identity(fixture), '--config', list]))
    .trim()
    .split('\n');
  const wallSeconds = (performance.now() - startMs) / 1000;
  const cpu = cpuSeconds(server.pid) - before;
  assert.equal(sizes.length, count, 'a download is missing');
  assert.ok(
    sizes.every((size) => Number(size) === file.size),
    'a download has another size than the file',
  );
  const bytes = count * file.size;
  return { cpuSecondsPerGb: cpu / (bytes / 1e9), mbPerSecond: bytes / 1e6 / wallSeconds };
}

/** Standard output, without blocking this process: it may be the parent of the server. */
export async function output(program, args) {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const texts = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr']) child[name].on('data', (data) => (texts[name] += data));
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`${program} failed (${String(code)}):\n${texts.stderr.slice(0, 2000)}`);
  return texts.stdout;
}
