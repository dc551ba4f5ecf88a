import { createServer, type AddressInfo } from 'node:net';
import { BrokerError } from '../errors.js';

/** Resolves with the port itself, or with a free one for 0. Rejects with `port_taken` or `start_failed` naming the port. */
export function claimPort(host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (cause: NodeJS.ErrnoException) => {
      reject(
        cause.code === 'EADDRINUSE'
          ? new BrokerError('port_taken', `port ${port} is taken by another program on ${host}`, { cause, port })
          : new BrokerError('start_failed', `cannot listen on ${host} port ${port}: ${cause.code ?? 'unknown'}`, {
              cause,
              port,
            }),
      );
    });
    server.listen({ host, port, exclusive: true }, () => {
      const { port: claimed } = server.address() as AddressInfo;
      server.close(() => {
        resolve(claimed);
      });
    });
  });
}
