import { secureEspV1, type Protocol, type SecureEspV1 } from '@secure-esp/protocol';
import {
  consoleLogger,
  systemClock,
  systemRandom,
  systemTimers,
  type Clock,
  type Logger,
  type RandomBytes,
  type Timers,
} from './environment.js';
import { DeviceClientError } from './errors.js';
import type { InvalidEvent } from './events.js';
import type { BackoffOptions } from './mqtt/backoff.js';
import type { ConnectionChange } from './mqtt/connection-options.js';
import type { TlsSource } from './mqtt/link.js';
import type { OfflineQueueOptions } from './mqtt/offline-queue.js';
import { checkMs } from './wait.js';

/** Where the broker is, who the client is, and how long it waits. Everything but `url` has a default. */
export interface ConnectOptions<P extends Protocol = SecureEspV1> {
  /** `mqtts://host:8883`, or `wss://host/path`. Without user, password, query or fragment. */
  readonly url: string;
  /**
   * Mutual TLS identity, or a function that is asked for it before every connection, within `connectDeadlineMs`; if it
   * throws, that attempt fails with `tls`. Default: none (a broker behind which TLS ends elsewhere).
   */
  readonly tls?: TlsSource | undefined;
  /** The fleet's contract. Default: secure-esp v1 below `/esp`. */
  readonly protocol?: P | undefined;
  /** For the first connection and for each attempt to reconnect, milliseconds. Default 10000. */
  readonly connectDeadlineMs?: number | undefined;
  /** Default for every command and read, milliseconds. Default 10000. */
  readonly commandDeadlineMs?: number | undefined;
  /** How long the broker may take to send a stored value after it granted a subscription, milliseconds. Default 1000. */
  readonly retainedGraceMs?: number | undefined;
  /** Delays between attempts to reconnect (full jitter). Default 500 to 30000 ms. */
  readonly reconnect?: Partial<BackoffOptions> | undefined;
  /**
   * What calls do while this client has no connection to the broker. Default: they fail at once with `unreachable`. With
   * a queue, commands, broadcasts, reads and updates wait for the connection, in order, up to `maxAgeMs` (`expired`) and
   * their own deadline. It is never a queue for devices that are away. What was sent once is not sent again.
   */
  readonly offlineQueue?: OfflineQueueOptions | undefined;
  /**
   * MQTT keep-alive, seconds, 5..65535; the broker may impose another. A connection on which the broker has been silent
   * for 1.5 times as long is given up. Default 30.
   */
  readonly keepAliveSeconds?: number | undefined;
  /**
   * Group name, `[A-Za-z0-9_-]{1,64}`: streams (`watch`, `logs`, `states`, `events`) of all clients with this name share
   * the events, each of which goes to one of them (`$share/<group>/…`, MQTT 5, 4.8.2). Brokers send no stored values to
   * shared subscriptions: such streams begin with what happens next. Replies, reads, updates and presence are never shared.
   * A broker without shared subscriptions is `refused`. Default: none.
   */
  readonly sharedSubscription?: string | undefined;
  /** Gives up connecting. Does nothing once `connect` has resolved. */
  readonly signal?: AbortSignal | undefined;
  /** Start of the MQTT client id, `[A-Za-z0-9_-]{0,32}`; 22 random characters follow. Default `operator-`. */
  readonly clientIdPrefix?: string | undefined;
  /** Told when the connection comes and goes. */
  readonly onConnectionChange?: ((change: ConnectionChange) => void) | undefined;
  /** Told about messages that the contract's schema refuses. Default: they are ignored. */
  readonly onInvalid?: ((event: InvalidEvent) => void) | undefined;
  /** Default: the system's. */
  readonly clock?: Clock | undefined;
  /** Default: the system's. */
  readonly timers?: Timers | undefined;
  /** Source of client ids and correlation data. Default: the platform's secure generator. */
  readonly random?: RandomBytes | undefined;
  /** Told of what no caller awaits. Default: `console.warn`. */
  readonly logger?: Logger | undefined;
  /** Accepts any certificate of the broker. Anybody on the way can then read and send commands. For experiments only. */
  readonly dangerouslySkipServerVerification?: boolean | undefined;
  /** Allows `mqtt://` and `ws://`, without any TLS. For tests on one machine only. */
  readonly dangerouslyAllowPlaintext?: boolean | undefined;
}

/** All defaults filled in, frozen. */
export interface ResolvedOptions {
  readonly url: URL;
  readonly tls: TlsSource | undefined;
  readonly offlineQueue: OfflineQueueOptions | undefined;
  readonly sharedSubscription: string | undefined;
  readonly protocol: Protocol;
  readonly connectDeadlineMs: number;
  readonly commandDeadlineMs: number;
  readonly retainedGraceMs: number;
  readonly backoff: BackoffOptions;
  readonly keepAliveSeconds: number;
  readonly clientIdPrefix: string;
  readonly verifyServer: boolean;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: RandomBytes;
  readonly logger: Logger;
  readonly onConnectionChange: ConnectOptions['onConnectionChange'];
  readonly onInvalid: ConnectOptions['onInvalid'];
}

/** Throws `invalid_argument`, naming the option. */
export function resolveOptions<P extends Protocol>(options: ConnectOptions<P>): ResolvedOptions {
  const { reconnect = {}, keepAliveSeconds = 30, clientIdPrefix = 'operator-' } = options;
  const firstMs = checkMs('reconnect.firstMs', reconnect.firstMs ?? 500);
  const maxMs = checkMs('reconnect.maxMs', reconnect.maxMs ?? 30_000);
  if (maxMs < firstMs) invalid('reconnect.maxMs must not be below reconnect.firstMs');
  if (!Number.isInteger(keepAliveSeconds) || keepAliveSeconds < 5 || keepAliveSeconds > 65_535) {
    invalid('keepAliveSeconds must be an integer in 5..65535');
  }
  if (!/^[A-Za-z0-9_-]{0,32}$/.test(clientIdPrefix)) invalid('clientIdPrefix must be [A-Za-z0-9_-]{0,32}');
  return Object.freeze({
    url: checkUrl(options),
    tls: copyTls(options.tls),
    offlineQueue: checkQueue(options.offlineQueue),
    sharedSubscription: checkGroup(options.sharedSubscription),
    protocol: options.protocol ?? secureEspV1,
    connectDeadlineMs: checkMs('connectDeadlineMs', options.connectDeadlineMs ?? 10_000),
    commandDeadlineMs: checkMs('commandDeadlineMs', options.commandDeadlineMs ?? 10_000),
    retainedGraceMs: checkMs('retainedGraceMs', options.retainedGraceMs ?? 1_000),
    backoff: Object.freeze({ firstMs, maxMs }),
    keepAliveSeconds,
    clientIdPrefix,
    verifyServer: options.dangerouslySkipServerVerification !== true,
    clock: options.clock ?? systemClock,
    timers: options.timers ?? systemTimers,
    random: options.random ?? systemRandom,
    logger: options.logger ?? consoleLogger,
    onConnectionChange: options.onConnectionChange,
    onInvalid: options.onInvalid,
  });
}

/** A copy of a caller's identity that later changes to the caller's object do not reach. */
export const copyTls = (tls: TlsSource | undefined): TlsSource | undefined =>
  tls === undefined || typeof tls === 'function' ? tls : Object.freeze({ ...tls });

function checkGroup(group: string | undefined): string | undefined {
  if (group === undefined || /^[A-Za-z0-9_-]{1,64}$/.test(group)) return group;
  return invalid('sharedSubscription must be [A-Za-z0-9_-]{1,64}');
}

function checkQueue(queue: OfflineQueueOptions | undefined): OfflineQueueOptions | undefined {
  if (queue === undefined) return undefined;
  const { maxCommands, maxAgeMs, onFull } = queue;
  if (!Number.isInteger(maxCommands) || maxCommands < 1 || maxCommands > 100_000) {
    invalid('offlineQueue.maxCommands must be an integer in 1..100000');
  }
  checkMs('offlineQueue.maxAgeMs', maxAgeMs);
  const policies: readonly string[] = ['reject', 'drop-oldest'];
  if (!policies.includes(onFull)) invalid("offlineQueue.onFull must be 'reject' or 'drop-oldest'");
  return Object.freeze({ maxCommands, maxAgeMs, onFull });
}

function checkUrl(options: Pick<ConnectOptions, 'url' | 'tls' | 'dangerouslyAllowPlaintext'>): URL {
  if (!URL.canParse(options.url)) invalid('url must be a URL such as mqtts://broker.example:8883');
  const url = new URL(options.url);
  const secure = url.protocol === 'mqtts:' || url.protocol === 'wss:';
  const plain = url.protocol === 'mqtt:' || url.protocol === 'ws:';
  if (!secure && !plain) invalid('url must begin with mqtts:// or wss://');
  if (plain && options.dangerouslyAllowPlaintext !== true) {
    invalid('url must begin with mqtts:// or wss:// (plain MQTT needs dangerouslyAllowPlaintext)');
  }
  // mqtt.js would silently switch to TLS, so that the URL said one thing and the wire another.
  if (plain && options.tls !== undefined) invalid('tls needs a url that begins with mqtts:// or wss://');
  if (url.hostname === '') invalid('url must name a host');
  if (url.username !== '' || url.password !== '') invalid('url must not contain a user or password');
  if (url.search !== '' || url.hash !== '') invalid('url must not have a query or fragment');
  return url;
}

function invalid(what: string): never {
  throw new DeviceClientError('invalid_argument', what);
}
