import { createServer, type AddressInfo, type Socket } from 'node:net';
import { createSecureContext, TLSSocket, type SecureContextOptions } from 'node:tls';

/** What a connection gets, from its first byte on. */
export type Act = (tcp: Socket) => void;

/** A TCP port where everything else, TLS included, is up to the test. */
export interface HostileServer extends AsyncDisposable {
  readonly url: string;
  act: Act;
  /** Connections so far. */
  readonly connections: number;
  /** Connections that are open. */
  readonly open: number;
}

/** A request that came, and the way back. */
export interface Asked {
  readonly path: string;
  /** The request's first line and headers as they came. */
  readonly head: string;
  readonly tls: TLSSocket;
  readonly tcp: Socket;
}

export type Answer = (asked: Asked) => void;

export const startHostileServer = async (): Promise<HostileServer> => {
  const sockets = new Set<Socket>();
  let connections = 0;
  let act: Act = (tcp) => tcp.destroy();
  const server = createServer((tcp) => {
    connections += 1;
    sockets.add(tcp);
    tcp.on('close', () => sockets.delete(tcp));
    // The other side hangs up in the middle of everything here.
    tcp.on('error', () => tcp.destroy());
    act(tcp);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '0.0.0.0', resolve);
  });
  return {
    url: `https://localhost:${String((server.address() as AddressInfo).port)}/firmware.bin`,
    get act() {
      return act;
    },
    set act(next) {
      act = next;
    },
    get connections() {
      return connections;
    },
    get open() {
      return sockets.size;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
};

/** Without TLS. What the other side sends is read, or its end would never be seen. */
export const raw =
  (act: Act): Act =>
  (tcp) => {
    tcp.resume();
    act(tcp);
  };

/** Does the handshake with this identity, reads the head of one request, then answers in raw bytes. */
export const overTls = (identity: SecureContextOptions, answer: Answer): Act => {
  const secureContext = createSecureContext(identity);
  return (tcp) => {
    const tls = new TLSSocket(tcp, { isServer: true, secureContext, requestCert: true, rejectUnauthorized: false });
    tls.on('error', () => tls.destroy());
    let head = '';
    const read = (bytes: Buffer): void => {
      head += bytes.toString('latin1');
      if (!head.includes('\r\n\r\n')) return;
      tls.off('data', read);
      tls.resume();
      answer({ path: head.split(' ', 2)[1] ?? '', head, tls, tcp });
    };
    tls.on('data', read);
  };
};

export type Part = string | Uint8Array;

const bytesOf = (parts: readonly Part[]): Buffer =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : part)));

/** The head of an answer: status line and headers, each without its end of line. */
export const head = (...lines: readonly string[]): string => `${lines.join('\r\n')}\r\n\r\n`;

export const OK = 'HTTP/1.1 200 OK';
export const OCTETS = 'Content-Type: application/octet-stream';
export const lengthOf = (bytes: Uint8Array): string => `Content-Length: ${String(bytes.length)}`;

/** Sends all of it and closes, as TLS wants it. */
export const say =
  (...parts: readonly Part[]): Answer =>
  ({ tls }) =>
    tls.end(bytesOf(parts));

/** Sends all of it and then nothing, with the connection open. */
export const sayAndHold =
  (...parts: readonly Part[]): Answer =>
  ({ tls }) =>
    tls.write(bytesOf(parts));

/** Sends all of it and resets the connection. */
export const sayAndReset =
  (...parts: readonly Part[]): Answer =>
  ({ tls, tcp }) =>
    tls.write(bytesOf(parts), () => tcp.resetAndDestroy());

/** Sends the first parts, then the last one again and again until the other side is gone. */
export const sayForEver =
  (everyMs: number, ...parts: readonly Part[]): Answer =>
  ({ tls }) => {
    tls.write(bytesOf(parts.slice(0, -1)));
    const again = bytesOf(parts.slice(-1));
    let timer: NodeJS.Timeout | undefined;
    const next = (): void => {
      if (tls.destroyed) return;
      tls.write(again, () => {
        timer = setTimeout(next, everyMs);
      });
    };
    tls.once('close', () => {
      clearTimeout(timer);
    });
    next();
  };

/** A file as an honest server sends it. */
export const file = (bytes: Uint8Array, ...headers: readonly string[]): Answer =>
  say(head(OK, OCTETS, lengthOf(bytes), ...headers), bytes);
