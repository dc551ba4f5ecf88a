import { generate, parser, type Packet } from 'mqtt-packet';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** A packet that stands before the proxy and has not been passed on. */
export interface PassingPacket {
  /** Counts from 1 over all connections and both directions. */
  readonly index: number;
  /** Counts from 1 within its connection. */
  readonly nth: number;
  readonly from: 'client' | 'broker';
  readonly packet: Packet;
  readonly bytes: Buffer;
  readonly connection: ProxiedConnection;
}

export interface PacketProxy {
  readonly url: string;
  readonly port: number;
  /** Names of the packets so far, such as `client publish /esp/update/run`. */
  readonly passed: readonly string[];
  /** Sockets that the client has not let go of. */
  readonly held: number;
  /** Called for every packet before it is passed on; what it does to the connection happens before that. */
  onPacket: (packet: PassingPacket) => void;
  close(): Promise<void>;
}

type Mode = 'pass' | 'swallow' | 'hold' | 'trickle';

/** Trickling: so many bytes per tick, so many milliseconds between ticks. */
const TRICKLE = { bytes: 16, everyMs: 4 };

/** One connection of the client and what the network does to it. */
export class ProxiedConnection {
  readonly near: Socket;
  readonly far: Socket;
  /** True once the client has closed its end, or lost it by a reset. */
  released = false;
  #mode: Mode = 'pass';
  #dead = false;
  /** The broker gets nothing any more, the client does. */
  #deaf = false;
  readonly #waiting: { to: Socket; bytes: Buffer }[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(near: Socket, far: Socket) {
    this.near = near;
    this.far = far;
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      socket.on('error', () => undefined);
      socket.on('end', () => {
        if (socket === near) this.released = true;
        if (this.#mode !== 'swallow') this.#send(other, undefined);
      });
      socket.on('close', () => {
        if (socket === near) this.released = true;
        if (this.#mode === 'pass') other.destroy();
      });
    }
  }

  get dead(): boolean {
    return this.#dead;
  }

  pass(from: 'client' | 'broker', bytes: Buffer): void {
    this.#send(from === 'client' ? this.far : this.near, bytes);
  }

  /** Both ends see ECONNRESET. */
  reset(): void {
    this.#end();
    this.near.resetAndDestroy();
    this.far.resetAndDestroy();
  }

  /** Both ends see an orderly end. */
  fin(): void {
    this.#end();
    this.near.end();
    this.far.end();
  }

  /** Half open: from now on nothing arrives anywhere, not even the end. No other fault changes that. */
  swallow(direction: 'both' | 'to broker' = 'both'): void {
    if (direction === 'to broker') this.#deaf = true;
    else this.#mode = 'swallow';
  }

  /** Nothing arrives until {@link resume}; then everything does. */
  hold(): void {
    if (this.#mode === 'pass') this.#mode = 'hold';
  }

  resume(): void {
    if (this.#mode !== 'hold') return;
    this.#mode = 'pass';
    for (const { to, bytes } of this.#waiting.splice(0)) write(to, bytes);
  }

  /** From now on a few bytes at a time. */
  trickle(): void {
    if (this.#mode === 'pass') this.#mode = 'trickle';
  }

  /** Ends it for the sake of the test only. */
  destroy(): void {
    this.#end();
    this.near.destroy();
    this.far.destroy();
  }

  #end(): void {
    this.#dead = true;
    this.#waiting.length = 0;
    clearTimeout(this.#timer);
  }

  #send(to: Socket, bytes: Buffer | undefined): void {
    if (this.#dead || this.#mode === 'swallow' || (this.#deaf && to === this.far)) return;
    if (this.#mode === 'pass') write(to, bytes ?? END);
    else this.#waiting.push({ to, bytes: bytes ?? END });
    if (this.#mode === 'trickle') this.#timer ??= setTimeout(this.#tick, TRICKLE.everyMs);
  }

  readonly #tick = (): void => {
    this.#timer = undefined;
    const [next] = this.#waiting;
    if (next === undefined) return;
    write(next.to, next.bytes.subarray(0, TRICKLE.bytes));
    next.bytes = next.bytes.subarray(TRICKLE.bytes);
    if (next.bytes.length === 0) this.#waiting.shift();
    if (this.#waiting.length > 0) this.#timer = setTimeout(this.#tick, TRICKLE.everyMs);
  };
}

/** No packet: the end of a direction. */
const END = Buffer.alloc(0);

function write(to: Socket, bytes: Buffer): void {
  if (bytes.length === 0) to.end();
  else if (to.writable) to.write(bytes);
}

/**
 * A proxy before a broker's plain port that sees whole MQTT packets. `keepAliveSeconds` is what it makes the broker ask
 * for in its CONNACK (MQTT 5, 3.2.2.3.14): shorter than the client's own shortest, so that half-open links are noticed soon.
 */
export async function startPacketProxy(brokerPort: number, keepAliveSeconds?: number): Promise<PacketProxy> {
  const connections = new Set<ProxiedConnection>();
  const passed: string[] = [];
  const server = createServer({ allowHalfOpen: true }, (near) => {
    const far = connect({ port: brokerPort, host: '127.0.0.1', allowHalfOpen: true });
    const connection = new ProxiedConnection(near, far);
    connections.add(connection);
    let nth = 0;
    const onPacket = (from: 'client' | 'broker') => (packet: Packet, original: Buffer) => {
      if (connection.dead) return;
      const bytes = packet.cmd === 'connack' ? withKeepAlive(packet, keepAliveSeconds) : original;
      nth += 1;
      passed.push(nameOf(from, packet));
      proxy.onPacket({ index: passed.length, nth, from, packet, bytes, connection });
      connection.pass(from, bytes);
    };
    near.on('data', framer('client', onPacket('client')));
    far.on('data', framer('broker', onPacket('broker')));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const proxy: PacketProxy = {
    url: `mqtt://127.0.0.1:${String(port)}`,
    port,
    passed,
    get held() {
      return [...connections].filter((connection) => !connection.released).length;
    },
    onPacket: () => undefined,
    close: async () => {
      for (const connection of connections) connection.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return proxy;
}

/** Cuts a byte stream into packets: one byte of type, the length in base 128 (MQTT 5, 2.1), that many bytes. */
function framer(from: 'client' | 'broker', onPacket: (packet: Packet, bytes: Buffer) => void): (chunk: Buffer) => void {
  let buffered = Buffer.alloc(0);
  let before = '';
  return (chunk) => {
    buffered = Buffer.concat([buffered, chunk]);
    for (;;) {
      const length = frameLength(buffered);
      if (length === undefined || buffered.length < length) return;
      const bytes = buffered.subarray(0, length);
      buffered = buffered.subarray(length);
      const reader = parser({ protocolVersion: 5 });
      reader.on('packet', (packet: Packet) => {
        onPacket(packet, bytes);
      });
      reader.on('error', ({ message }: Error) => {
        throw new Error(`the ${from} sent no MQTT packet: ${message}: ${bytes.toString('hex')} after ${before}`);
      });
      reader.parse(bytes);
      before = bytes.toString('hex');
    }
  };
}

function frameLength(bytes: Buffer): number | undefined {
  let length = 0;
  for (let at = 1; at < Math.min(bytes.length, 5); at += 1) {
    const digit = bytes.readUInt8(at);
    length += (digit & 127) * 128 ** (at - 1);
    if (digit < 128) return at + 1 + length;
  }
  return undefined;
}

function withKeepAlive(packet: Packet & { cmd: 'connack' }, serverKeepAlive: number | undefined): Buffer {
  const properties = { ...packet.properties, ...(serverKeepAlive === undefined ? {} : { serverKeepAlive }) };
  return generate({ ...packet, properties }, { protocolVersion: 5 });
}

function nameOf(from: string, packet: Packet): string {
  const topic = packet.cmd === 'publish' ? ` ${packet.topic.replace(/\/(devices|replies)\/[^/]+/g, '/$1/…')}` : '';
  const filter = packet.cmd === 'subscribe' ? ` ${String(packet.subscriptions[0]?.topic.split('/').at(-2))}` : '';
  return `${from} ${packet.cmd}${topic}${filter}`;
}
