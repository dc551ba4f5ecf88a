import { openPki } from '@secure-esp/pki';
import { request } from 'node:https';
import { fail, ok, skip, warn, type Check, type CheckResult } from './check.js';
import { openTls, ProbeError, type ProbeIdentity } from './mqtt-probe.js';
import { hostOf, portOf } from './program-checks.js';

/** No image has this hash. */
const NOWHERE = `/images/${'0'.repeat(64)}.bin`;
const WARN_CLOCK_S = 60;
/** A day is much for a clock, and little for a certificate. */
const FAIL_CLOCK_S = 24 * 3600;

const updateServer: Check = {
  id: 'ota',
  network: true,
  run: async ({ dir, now, otaUrl, deadlineMs }, signal) => {
    const { operator } = await openPki(dir, { now });
    let reply: Reply;
    try {
      // the handshake by itself first: it says at which step it ends
      const socket = await openTls({ url: otaUrl, identity: operator, deadlineMs, signal });
      socket.on('error', () => undefined).destroy();
      reply = await head(otaUrl, operator, { deadlineMs, signal });
    } catch (error) {
      signal.throwIfAborted();
      const { message, stage } =
        error instanceof ProbeError ? error : { message: 'it did not answer', stage: 'client-certificate' };
      const step =
        stage === 'network' || stage === 'name'
          ? 'Start it with `secure-esp ota serve`, or name it with `--ota`.'
          : 'Check that `--ota` names it, that --dir is its tree, and that it was started again after its certificate changed.';
      return [fail('ota', `${otaUrl.host}: ${message} (${stage}).`, step), skip('clock', 'no server told the time')];
    }
    return [statusOf(otaUrl, reply.status), clockOf(reply, now())];
  },
};

interface Reply {
  readonly status: number;
  readonly date: string | undefined;
}

/** Asks for an image that nobody has. */
function head(
  url: URL,
  { ca, cert, key }: ProbeIdentity,
  { deadlineMs, signal }: { deadlineMs: number; signal: AbortSignal },
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const asked = request(
      { host: hostOf(url), port: portOf(url), path: NOWHERE, method: 'HEAD', ca, cert, key, signal, agent: false },
      (response) => {
        response.resume();
        resolve({ status: response.statusCode ?? 0, date: response.headers.date });
      },
    );
    const timer = setTimeout(() => {
      asked.destroy(new Error('no answer'));
    }, deadlineMs);
    asked.on('close', () => {
      clearTimeout(timer);
    });
    asked.on('error', reject);
    asked.end();
  });
}

function statusOf({ host }: URL, status: number): CheckResult {
  if (status === 404) return ok('ota', `${host} answers an operator’s certificate`);
  if (status === 403)
    return fail(
      'ota',
      `${host} refuses the operator’s certificate (403).`,
      'Check that it is neither expired nor revoked.',
    );
  if (status === 429 || status === 503) return warn('ota', `${host} is busy (${status}).`, 'Try again in a minute.');
  return fail('ota', `${host} answers ${status}: it is no update server.`, 'Check `--ota`, and the log of the server.');
}

/** The clock of this computer against the one of the update server. */
function clockOf({ date }: Reply, now: Date): CheckResult {
  const there = date === undefined ? NaN : Date.parse(date);
  if (Number.isNaN(there)) return skip('clock', 'the update server did not tell the time');
  const offSeconds = Math.round((now.getTime() - there) / 1000);
  const off = Math.abs(offSeconds);
  if (off < WARN_CLOCK_S) return ok('clock', 'this computer and the update server have the same time');
  const message = `this computer is ${off} s ${offSeconds > 0 ? 'ahead of' : 'behind'} the update server.`;
  const step = 'Set the clocks of both by NTP: certificates and manifests are judged by them.';
  return off >= FAIL_CLOCK_S ? fail('clock', message, step) : warn('clock', message, step);
}

/** The update server, and its time. */
export const updateServerChecks: readonly Check[] = [updateServer];
