import { mkdir, rename, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { DEFAULT_PORTS } from '@secure-esp/protocol';
import { BrokerError } from '../errors.js';
import type { BrokerEvent } from '../events.js';
import { resolveLimits } from '../limits.js';
import type { RunningBroker } from '../running-broker.js';
import type { BrokerTls } from '../tls.js';
import { resolveOrigins, type WebSocketOptions } from '../websocket/websocket-options.js';
import { endSession } from './admin-socket.js';
import { findExecutable, isExecutable } from './find-executable.js';
import {
  type BrokerTlsPaths,
  mosquittoConfig,
  type MosquittoConfigOptions,
  type MosquittoFiles,
} from './mosquitto-config.js';
import { createLogReader } from './mosquitto-log.js';
import { superviseProcess, type SupervisedProcess } from './mosquitto-process.js';
import { OpenClients } from './open-clients.js';
import { claimPort } from './ports.js';
import { privateSocketsIn } from './private-sockets.js';
import { absolutePaths, checkTlsFiles } from './tls-files.js';
import { untilReady } from './until-ready.js';
import { startWebSocketGateway, type WebSocketGateway } from './websocket-gateway.js';

export interface MosquittoOptions
  extends Omit<MosquittoConfigOptions, 'adminSocketPath' | 'operatorSocketPath'>, WebSocketOptions {
  /** Default 8883; 0 = any free port. */
  readonly operatorPort?: number;
  /** Default 8884; 0 = any free port. */
  readonly devicePort?: number;
  /** Path of the broker. Default: `mosquitto` on PATH, then in the system's folders. */
  readonly executable?: string;
  /** Aborts the start. A broker that runs is ended with `close()`. */
  readonly signal?: AbortSignal;
  /** Time until both ports must accept TLS, milliseconds. Default 10,000. */
  readonly startDeadlineMs?: number;
  /** Time between SIGTERM and SIGKILL in `close()`, milliseconds. Default 3,000. */
  readonly closeGraceMs?: number;
  /** Told about connections and refusals, read from the log. */
  readonly onEvent?: (event: BrokerEvent) => void;
  /** Told every line that Mosquitto logs. */
  readonly onLog?: (line: string) => void;
}

/** A Mosquitto process of this program. */
export interface MosquittoBroker extends RunningBroker {
  readonly kind: 'mosquitto';
  /** Of the running process: another one after `restart`. */
  readonly pid: number;
  /** Path of the configuration in use. */
  readonly configPath: string;
  /**
   * Makes Mosquitto read its certificates, revocation lists and ACLs again; resolves once it was told, and it does so a moment
   * later. Open connections stay, resumable TLS sessions are forgotten. The files are checked first, because Mosquitto
   * accepts every certificate if it cannot read a revocation list. Rejects with `bad_tls`, `closed`.
   */
  reload(): Promise<void>;
  /**
   * Ends the process and starts it again with the same ports, also with other files; resolves once it accepts TLS. Unlike
   * `reload` this ends all connections: of a CA that is trusted no more, too. With `persistence` nothing else is lost.
   * Rejects with `bad_tls` (nothing has changed), `closed`, or what `startMosquitto` rejects with (it has ended then).
   */
  restart(tls?: BrokerTlsPaths): Promise<void>;
}

const FREE_PORT_ATTEMPTS = 3;
const END_SESSION_DEADLINE_MS = 5_000;

/**
 * Writes Mosquitto's configuration into `dir`, starts it, and resolves once both listeners accept TLS with the configured
 * certificate.
 *
 * Rejects with {@link BrokerError}: `bad_tls`, `bad_option`, `mosquitto_missing`, `port_taken`, `start_failed` (it ended; `log`
 * says why), `start_deadline`, or with the signal's reason. No process is left then.
 */
export async function startMosquitto(options: MosquittoOptions): Promise<MosquittoBroker> {
  options.signal?.throwIfAborted();
  const executable = await executableOf(options.executable);
  const anyPort = options.operatorPort === 0 || options.devicePort === 0;
  for (let attempt = 1; ; attempt++) {
    try {
      return await start(executable, options);
    } catch (error) {
      // A port that was free a moment ago may be taken when Mosquitto comes to it.
      const retry = anyPort && attempt < FREE_PORT_ATTEMPTS && error instanceof BrokerError;
      if (!retry || !error.log.some((line) => line.includes('Address already in use'))) throw error;
    }
  }
}

async function start(executable: string, options: MosquittoOptions): Promise<MosquittoBroker> {
  const host = options.host ?? '127.0.0.1';
  let tls = absolutePaths(options.tls);
  await checkTlsFiles(tls);
  const operatorPort = await claimPort(host, options.operatorPort ?? DEFAULT_PORTS.operators);
  const devicePort = await claimPort(host, options.devicePort ?? DEFAULT_PORTS.devices);
  const dir = resolve(options.dir);
  const configPath = join(dir, 'mosquitto.conf');
  const graceMs = options.closeGraceMs ?? 3_000;
  const readLine = createLogReader((port) =>
    port === operatorPort ? 'operator' : port === devicePort ? 'device' : undefined,
  );
  const clients = new OpenClients();
  const sockets = await privateSocketsIn(dir);
  const onLine = (line: string) => {
    options.onLog?.(line);
    for (const event of readLine(line)) {
      clients.on(event);
      options.onEvent?.(event);
    }
  };
  const launch = async (): Promise<SupervisedProcess> => {
    const { fingerprint256 } = await checkTlsFiles(tls);
    const user = options.user ?? currentUser();
    const places = { tls, dir, host, operatorPort, devicePort, adminSocketPath: sockets.admin };
    const settings = {
      ...options,
      ...places,
      ...(options.websocketPort === undefined ? {} : { operatorSocketPath: sockets.operators }),
      ...(user === undefined ? {} : { user }),
    };
    await writeFiles(dir, mosquittoConfig(settings));
    const started = await superviseProcess({ executable, args: ['-c', configPath], onLine });
    try {
      await untilReady(started, { ...options, ports: [operatorPort, devicePort], host, fingerprint256 });
      return started;
    } catch (error) {
      await started.stop(graceMs);
      throw error;
    }
  };

  let ended: (error: BrokerError | undefined) => void = () => undefined;
  const exited = new Promise<BrokerError | undefined>((resolve) => (ended = resolve));
  let closing: Promise<void> | undefined;
  let restarting: Promise<void> | undefined;
  let gateway: WebSocketGateway | undefined;
  // Status 0 means that somebody asked it to end, e.g. Ctrl-C in the terminal that both processes share.
  const watch = (started: SupervisedProcess): SupervisedProcess => {
    void started.ended.then(({ exitCode, signal }) => {
      if (restarting !== undefined && closing === undefined) return;
      const byItself = `Mosquitto ended by itself (${signal ?? `status ${exitCode ?? 'unknown'}`})`;
      const expected = closing !== undefined || exitCode === 0;
      ended(expected ? undefined : new BrokerError('exited', byItself, { log: started.log() }));
      void gateway?.close();
    });
    return started;
  };
  let child = watch(
    await launch().catch(async (error: unknown) => {
      await sockets.remove();
      throw error;
    }),
  );
  const close = () =>
    (closing ??= (restarting ?? Promise.resolve())
      .catch(() => undefined) // told to whoever asked for the restart
      .then(() => gateway?.close())
      .then(() => child.stop(graceMs))
      .then(() => sockets.remove()));
  const fail = (cause: Error) => {
    ended(new BrokerError('exited', 'the WebSocket listener failed', { cause }));
    void close();
  };
  try {
    gateway = await gatewayTo(sockets.operators, {
      ...options,
      host,
      onFault: fail,
      tls: (await checkTlsFiles(tls)).tls,
    });
  } catch (error) {
    await close();
    throw error;
  }
  const startAgain = async (next: BrokerTlsPaths): Promise<void> => {
    await child.stop(graceMs);
    clients.clear();
    tls = next;
    try {
      child = watch(await launch());
      gateway?.setTls((await checkTlsFiles(tls)).tls);
    } catch (cause) {
      ended(new BrokerError('exited', 'Mosquitto could not be started again', { cause }));
      throw cause;
    }
  };
  return {
    kind: 'mosquitto',
    host,
    operatorPort,
    devicePort,
    websocketPort: gateway?.port,
    get pid() {
      return child.pid ?? 0;
    },
    configPath,
    exited,
    close,
    [Symbol.asyncDispose]: close,
    async reload() {
      const { tls: read } = await checkTlsFiles(tls);
      if (closing !== undefined || !child.signal('SIGHUP')) throw new BrokerError('closed', 'the broker has ended');
      gateway?.setTls(read);
    },
    async disconnect(peer) {
      if (closing !== undefined) throw new BrokerError('closed', 'the broker has ended');
      const ids = clients.of(peer);
      await Promise.all(ids.map((id) => endSession(sockets.admin, id, END_SESSION_DEADLINE_MS)));
      const webSockets = peer.role === 'operator' ? await gateway?.disconnect(peer.commonName) : 0;
      return ids.length + (webSockets ?? 0);
    },
    async restart(paths = tls) {
      const next = absolutePaths(paths);
      await checkTlsFiles(next);
      if (closing !== undefined) throw new BrokerError('closed', 'the broker has ended');
      await restarting?.catch(() => undefined);
      restarting = startAgain(next).finally(() => (restarting = undefined));
      await restarting;
    },
  };
}

/** Undefined if none is wanted. */
async function gatewayTo(
  socketPath: string,
  options: Omit<MosquittoOptions, 'tls'> & { tls: BrokerTls; host: string; onFault: (error: Error) => void },
): Promise<WebSocketGateway | undefined> {
  const { websocketPort: port, onEvent = () => undefined } = options;
  const origins = resolveOrigins(options.websocketOrigins);
  if (port === undefined) return undefined;
  const limits = resolveLimits(options.limits);
  return startWebSocketGateway({ ...options, port, origins, limits, socketPath, onEvent });
}

async function executableOf(path: string | undefined): Promise<string> {
  const found = path === undefined ? await findExecutable('mosquitto') : (await isExecutable(path)) ? path : undefined;
  if (found !== undefined) return found;
  throw new BrokerError(
    'mosquitto_missing',
    `${path ?? 'mosquitto'} was not found or cannot be executed: install it (Debian: apt-get install mosquitto; macOS: ` +
      'brew install mosquitto), name its path in the option "executable", or use the embedded broker',
  );
}

/** Started as root, Mosquitto becomes user `mosquitto` unless told otherwise, and cannot read our 0600 keys any more. */
function currentUser(): string | undefined {
  try {
    return userInfo().username;
  } catch {
    return undefined; // a user id without a name, as in some containers
  }
}

/** Renamed into place, so that a Mosquitto that is told to reload never reads half a file. */
async function writeFiles(dir: string, files: MosquittoFiles): Promise<void> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  for (const [name, text] of Object.entries(files)) {
    const path = join(dir, name);
    await writeFile(`${path}.new`, text as string, { mode: 0o600 });
    await rename(`${path}.new`, path);
  }
}
