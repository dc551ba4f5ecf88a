import type { Server } from 'node:https';
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { ReadingPace, type ReadingPaceOptions } from './reading-pace.js';

export interface Connections {
  /** All that are open, in their TLS handshake, too: those are no HTTP connections yet. */
  readonly sockets: ReadonlySet<Socket>;
  /** Those whose handshake is done. */
  readonly secured: ReadonlySet<TLSSocket>;
}

export function trackConnections(server: Server): Connections {
  const sockets = new Set<Socket>();
  const secured = new Set<TLSSocket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('secureConnection', (socket) => {
    secured.add(socket);
    socket.once('close', () => secured.delete(socket));
  });
  return { sockets, secured };
}

/** How often readers are looked at; more often only where the grace is shorter. */
const LOOK_EVERY_MS = 5000;

/** Destroys connections that take a reply too slowly, and tells of each. Returns what ends the watch. */
export function cutSlowReaders(
  server: Server,
  options: ReadingPaceOptions,
  onCut: (socket: TLSSocket) => void,
): () => void {
  if (options.minimumBytesPerSecond === 0) return () => undefined;
  const replies = new Map<ServerResponse, { readonly socket: TLSSocket; readonly pace: ReadingPace }>();
  server.on('request', ({ socket }, response) => {
    if (!(socket instanceof TLSSocket)) return;
    replies.set(response, { socket, pace: new ReadingPace(options, takenBy(socket), performance.now()) });
    response.once('close', () => replies.delete(response));
  });
  const look = () => {
    for (const { socket, pace } of replies.values()) {
      if (socket.destroyed || !pace.isTooSlow(takenBy(socket), socket.writableLength > 0, performance.now())) continue;
      onCut(socket);
      socket.destroy();
    }
  };
  const timer = setInterval(look, Math.max(1, Math.min(LOOK_EVERY_MS, options.graceMs / 4)));
  timer.unref();
  return () => {
    clearInterval(timer);
  };
}

/** `bytesWritten` counts what was handed over; this, what the network has taken of it. */
const takenBy = (socket: TLSSocket): number => socket.bytesWritten - socket.writableLength;
