// The servers that are compared, each a process of its own.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { nginxConf } from './nginx-conf.mjs';

const START_LIMIT_MS = 20_000;
/** Debian keeps it out of the path of ordinary users. */
const PATH = `${process.env.PATH}:/usr/sbin`;

/** `probe` is the request of the handshakes: the least that each can be asked for. `clients`: how many at once. */
export const CONTESTANTS = [
  {
    name: 'ours',
    clients: Infinity,
    probe: 'HEAD /slow.bin',
    start: (fixture) => startNode('serve-ours.mjs', fixture),
  },
  { name: 'nginx', clients: Infinity, probe: 'HEAD /slow.bin', start: startNginx },
  {
    name: 'express.static',
    clients: Infinity,
    probe: 'HEAD /slow.bin',
    start: (fixture) => startNode('serve-express.mjs', fixture),
  },
  { name: 'openssl s_server', clients: 1, probe: 'GET /tiny.bin', start: startOpenssl },
];

export const nginxVersion = () =>
  /nginx\/([\d.]+)/.exec(spawnSync('nginx', ['-v'], { encoding: 'utf8', env: { PATH } }).stderr ?? '')?.[1];

function launch(program, args, options) {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
  let text = '';
  child.stderr.on('data', (data) => (text += data));
  const exited = once(child, 'exit');
  const failed = exited.then(([code]) => {
    throw new Error(`${program} ended with ${String(code)}:\n${text}`);
  });
  failed.catch(() => undefined);
  return {
    child,
    failed,
    async stop() {
      child.kill('SIGTERM');
      await Promise.race([exited, sleep(2000)]);
      child.kill('SIGKILL');
    },
  };
}

async function startNode(script, { folder }) {
  const { child, failed, stop } = launch(process.execPath, [join(import.meta.dirname, script), folder]);
  const [line] = await Promise.race([once(child.stdout, 'data'), failed]);
  return { pid: child.pid, port: Number(line), stop };
}

async function startNginx(fixture) {
  const port = await freePort();
  const conf = join(fixture.folder, 'nginx.conf');
  writeFileSync(conf, nginxConf({ ...fixture, port }));
  const server = launch('nginx', ['-c', conf, '-p', fixture.folder], { env: { ...process.env, PATH } });
  return ready(server, port);
}

async function startOpenssl({ www, tls }) {
  const port = await freePort();
  const verify = ['-CAfile', tls.ca, '-Verify', '1', '-verify_return_error'];
  const args = ['s_server', '-accept', `127.0.0.1:${port}`, '-cert', tls.cert, '-key', tls.key, ...verify, '-WWW'];
  const server = launch('openssl', args, { cwd: www });
  // it prints a line for every request
  server.child.stdout.resume();
  return ready(server, port);
}

async function ready({ child, failed, stop }, port) {
  const deadline = Date.now() + START_LIMIT_MS;
  while (!(await accepts(port))) {
    if (Date.now() > deadline) throw new Error(`nothing listens on port ${port}`);
    await Promise.race([sleep(50), failed]);
  }
  return { pid: child.pid, port, stop };
}

const accepts = (port) =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => {
      resolve(false);
    });
  });

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}
