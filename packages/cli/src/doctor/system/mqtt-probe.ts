import { isIP } from 'node:net';
import { setTimeout as startTimer } from 'node:timers';
import { setTimeout } from 'node:timers/promises';
import { connect, type TLSSocket } from 'node:tls';
import * as mqtt from './mqtt-packets.js';
import { hostOf, portOf } from './program-checks.js';

/** How far a connection came before it ended. */
export type Stage = 'name' | 'network' | 'tls' | 'client-certificate' | 'mqtt';

/** A connection ended at this stage, or was refused there. */
export class ProbeError extends Error {
  override readonly name = 'ProbeError';
  constructor(
    readonly stage: Stage,
    /** Without a full stop. */
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

export interface ProbeIdentity {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

export interface ProbeOptions {
  readonly url: URL;
  readonly identity: ProbeIdentity;
  readonly clientId: string;
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
}

/** An MQTT 5 connection that was accepted. */
export interface Probe {
  /** Reason codes, one for each filter; below 0x80 it is granted. */
  subscribe(filters: readonly string[]): Promise<readonly number[]>;
  /** Reason code of a message without payload; below 0x80 it is accepted. */
  publish(topic: string): Promise<number>;
  /** What has come, by topic; waits for that topic, or for a while. */
  arrivals(topic?: string): Promise<ReadonlyMap<string, string>>;
  close(): void;
}

/** Brokers send what they retain right after they granted a subscription, but nobody says when that was all. */
const RETAINED_MS = 500;
const LOOK_EVERY_MS = 10;

const FIRST_REFUSAL = 0x80;
export const isRefusal = (reason: number): boolean => reason >= FIRST_REFUSAL;

/**
 * Opens a connection in steps, so that one knows at which it ended. With TLS 1.3 a server judges the client's certificate
 * after the handshake is over for the client: what ends a connection before CONNACK counts as that.
 */
export async function openProbe(options: ProbeOptions): Promise<Probe> {
  const socket = await openTls(options);
  const packets: mqtt.Received[] = [];
  const arrived = new Map<string, string>();
  let wake = (): void => undefined;
  let ended: ProbeError | undefined;
  let accepted = false;
  const end = (message: string, cause?: unknown): void => {
    ended ??= new ProbeError(accepted ? 'mqtt' : 'client-certificate', message, { cause });
    wake();
  };
  let received: Buffer = Buffer.alloc(0);
  socket.on('data', (data: Buffer) => {
    const split = mqtt.splitPackets(Buffer.concat([received, data]));
    if (split === undefined) {
      ended ??= new ProbeError('mqtt', 'it answers, but not with MQTT');
      socket.destroy();
    } else {
      received = split.rest;
      for (const packet of split.packets) {
        if (packet.type !== mqtt.PUBLISH) packets.push(packet);
        else {
          const { topic, payload, id } = mqtt.publishOf(packet);
          if (id !== undefined) socket.write(mqtt.pubackPacket(id));
          arrived.set(topic, payload.toString('utf8'));
        }
      }
    }
    wake();
  });
  socket.on('error', (error: NodeJS.ErrnoException) => {
    end(`it ended the connection: ${alertOf(error)}`, error);
  });
  socket.on('close', () => {
    end('it ended the connection without a word');
  });
  const abandon = (): void => {
    end('the doctor was stopped');
    socket.destroy();
  };
  options.signal.addEventListener('abort', abandon, { once: true });

  const answer = async (wanted: number): Promise<mqtt.Received> => {
    const timer = startTimer(() => {
      ended ??= new ProbeError('mqtt', `no answer within ${options.deadlineMs / 1000} s`);
      socket.destroy();
    }, options.deadlineMs);
    try {
      for (;;) {
        const packet = packets.shift();
        if (packet?.type === wanted) return packet;
        if (packet?.type === mqtt.DISCONNECT)
          throw new ProbeError('mqtt', `it ended the connection with reason code ${packet.body[0] ?? 0}`);
        if (packet !== undefined) continue;
        if (ended !== undefined) throw ended;
        await new Promise<void>((resolve) => (wake = resolve));
      }
    } finally {
      clearTimeout(timer);
    }
  };
  const close = (): void => {
    options.signal.removeEventListener('abort', abandon);
    socket.end(mqtt.DISCONNECT_PACKET);
    socket.destroySoon();
  };

  let lastId = 0;
  try {
    socket.write(mqtt.connectPacket(options.clientId));
    const reason = (await answer(mqtt.CONNACK)).body[1] ?? 0;
    if (isRefusal(reason) || (reason > 0 && reason <= 5))
      throw new ProbeError('mqtt', `it refused the MQTT 5 connection with reason code ${reason}`);
    accepted = true;
  } catch (error) {
    close();
    throw error;
  }
  return {
    subscribe: async (filters) => {
      socket.write(mqtt.subscribePacket((lastId += 1), filters));
      return mqtt.subackReasons(await answer(mqtt.SUBACK));
    },
    publish: async (topic) => {
      socket.write(mqtt.publishPacket((lastId += 1), topic));
      return (await answer(mqtt.PUBACK)).body[2] ?? 0;
    },
    arrivals: async (topic) => {
      const until = performance.now() + (topic === undefined ? RETAINED_MS : options.deadlineMs);
      while (ended === undefined && performance.now() < until && !(topic !== undefined && arrived.has(topic)))
        await setTimeout(LOOK_EVERY_MS);
      return arrived;
    },
    close,
  };
}

/** The TLS handshake as far as the client sees it. Rejects with {@link ProbeError}. */
export function openTls({ url, identity, deadlineMs, signal }: Omit<ProbeOptions, 'clientId'>): Promise<TLSSocket> {
  const host = hostOf(url);
  return new Promise((resolve, reject) => {
    let connected = false;
    const { ca, cert, key } = identity;
    const servername = isIP(host) === 0 ? { servername: host } : {};
    const socket = connect({ host, port: portOf(url), ca, cert, key, minVersion: 'TLSv1.2', ...servername });
    const settle = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      socket.off('secureConnect', onSecure).off('error', onError).off('close', onClose);
    };
    const refuse = (error: ProbeError): void => {
      settle();
      // what it says after it was given up
      socket.on('error', () => undefined);
      socket.destroy();
      reject(error);
    };
    const onAbort = (): void => {
      refuse(new ProbeError('network', 'the doctor was stopped'));
    };
    const onSecure = (): void => {
      settle();
      resolve(socket);
    };
    const onError = (error: NodeJS.ErrnoException): void => {
      refuse(new ProbeError(stageOf(error, connected), alertOf(error), { cause: error }));
    };
    const onClose = (): void => {
      refuse(new ProbeError('tls', 'it ended the connection in the middle of the TLS handshake'));
    };
    const timer = startTimer(() => {
      refuse(new ProbeError(connected ? 'tls' : 'network', `no answer within ${deadlineMs / 1000} s`));
    }, deadlineMs);
    socket.once('connect', () => (connected = true));
    socket.once('secureConnect', onSecure).once('error', onError).once('close', onClose);
    signal.addEventListener('abort', onAbort, { once: true });
  });
}

function stageOf({ code = '' }: NodeJS.ErrnoException, connected: boolean): Stage {
  if (['ENOTFOUND', 'EAI_AGAIN', 'EAI_NODATA'].includes(code)) return 'name';
  if (!connected) return 'network';
  return code.includes('ALERT') ? 'client-certificate' : 'tls';
}

/** What OpenSSL and the network say, in words that fit behind a colon. */
function alertOf(error: NodeJS.ErrnoException): string {
  const { code = '', message } = error;
  return WORDS[code] ?? (code === '' ? message : code);
}

const WORDS: Readonly<Record<string, string>> = {
  ENOTFOUND: 'there is no host of this name',
  EAI_AGAIN: 'names cannot be looked up',
  ECONNREFUSED: 'nothing listens there',
  EHOSTUNREACH: 'there is no way to that host',
  ENETUNREACH: 'there is no way to that network',
  ETIMEDOUT: 'no answer',
  ECONNRESET: 'it was reset',
  EPIPE: 'it was closed',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate does not name this host',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate is of another CA',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its certificate is of another CA',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is of another CA',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is of another CA',
  CERT_SIGNATURE_FAILURE: 'its certificate is of another CA with the same name',
  ERR_SSL_WRONG_VERSION_NUMBER: 'it does not speak TLS',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'it does not speak TLS',
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: 'it does not know the CA of this client certificate',
};
