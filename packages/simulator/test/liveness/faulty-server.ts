import type { IncomingMessage } from 'node:http';
import type { DownloadRequest, OpenOptions } from '../../src/ports/download-request.js';
import { TransferFailure } from '../../src/ports/transfer-failure.js';
import { createMemoryServer, type MemoryServer } from '../power/memory-server.js';
import type { VirtualTime } from '../power/virtual-time.js';

export interface FaultyServer {
  readonly memory: MemoryServer;
  readonly openDownload: (wanted: DownloadRequest, options: OpenOptions) => Promise<IncomingMessage>;
  /** `unreachable` and `tls`: nobody gets in, and who is in is cut. `stalled`: who is in hears nothing more. */
  fault: 'unreachable' | 'tls' | 'stalled' | undefined;
  /** The most transfers that were open at the same time. */
  readonly mostAtOnce: number;
}

/** The update server without a network, and what can go wrong with it. */
export const createFaultyServer = (time: VirtualTime): FaultyServer => {
  const memory = createMemoryServer(time);
  let fault: FaultyServer['fault'];
  let open = 0;
  let mostAtOnce = 0;

  /** What was not sent during the fault is never sent: such a connection is dead. */
  const muffle = (message: IncomingMessage): IncomingMessage => {
    const push = message.push.bind(message);
    let dead = false;
    message.push = (chunk: unknown): boolean => {
      dead ||= fault === 'stalled';
      return dead || push(chunk);
    };
    open += 1;
    mostAtOnce = Math.max(mostAtOnce, open);
    message.once('close', () => {
      open -= 1;
    });
    return message;
  };
  return {
    memory,
    async openDownload(wanted, options) {
      if (fault !== 'tls') return muffle(await memory.openDownload(wanted, options));
      await new Promise<void>((resolve) => {
        time.clock.schedule(50, resolve);
      });
      throw new TransferFailure('tls');
    },
    get fault() {
      return fault;
    },
    set fault(next) {
      fault = next;
      memory.reachable = next !== 'unreachable';
      if (next === 'tls') memory.drop();
    },
    get mostAtOnce() {
      return mostAtOnce;
    },
  };
};
