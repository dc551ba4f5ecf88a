// TLS handshakes with a client certificate, each followed by one request, so that the server has looked at the client.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:tls';
import { cpuSeconds } from './process-usage.mjs';

const CONNECTIONS = 8;
const LIMIT_MS = 20_000;

/** How each handshake is made: `resumed` by a session ticket of an earlier connection. */
export const HANDSHAKES = [
  { name: 'TLS 1.3, full', version: 'TLSv1.3', resumed: false },
  { name: 'TLS 1.3, resumed', version: 'TLSv1.3', resumed: true },
  { name: 'TLS 1.2, full', version: 'TLSv1.2', resumed: false },
  { name: 'TLS 1.2, resumed', version: 'TLSv1.2', resumed: true },
];

/** Handshakes per CPU second of the server. */
export async function measureHandshakes({ fixture, contestant, server, kind, count }) {
  const [ca, cert, key] = [fixture.tls.ca, fixture.tls.clientCert, fixture.tls.clientKey].map((path) =>
    readFileSync(path),
  );
  const { version, resumed } = kind;
  const options = { host: '127.0.0.1', servername: 'localhost', port: server.port, ca, cert, key };
  const visit = async (session) => {
    const socket = connect({ ...options, minVersion: version, maxVersion: version, session });
    const sessions = [];
    socket.on('session', (ticket) => sessions.push(ticket));
    socket.setTimeout(LIMIT_MS, () => socket.destroy(new Error('no reply')));
    socket.write(`${contestant.probe} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n`);
    let text = '';
    socket.on('data', (data) => (text += data.toString('latin1')));
    await once(socket, 'end');
    socket.end();
    assert.match(text, /^HTTP\/1\.[01] 200 /i, `${contestant.name} does not answer with 200`);
    assert.equal(
      socket.isSessionReused(),
      session !== undefined,
      `${contestant.name} ${resumed ? 'does not resume' : 'resumes'}`,
    );
    return sessions.at(-1);
  };
  const session = resumed ? await visit() : undefined;
  let left = count;
  const client = async () => {
    while (left > 0) {
      left -= 1;
      await visit(session);
    }
  };
  const before = cpuSeconds(server.pid);
  await Promise.all(Array.from({ length: Math.min(CONNECTIONS, contestant.clients) }, client));
  return { perCpuSecond: count / (cpuSeconds(server.pid) - before) };
}
