/** An update server as a process of its own, so that its memory and its files are nobody else's. See `slow-downloads.test.ts`. */
import { readdirSync, readFileSync } from 'node:fs';
import { createFileFirmwareStore, createOtaServer } from '../../src/index.js';

export interface SlowServerSetup {
  readonly dir: string;
  /** Files with PEM texts. */
  readonly cert: string;
  readonly key: string;
  readonly deviceCa: string;
  readonly clients: number;
}

export interface Usage {
  readonly rssBytes: number;
  /** Open file descriptors; 0 where the system does not tell. */
  readonly files: number;
  /** Downloads that were not complete. */
  readonly abandoned: number;
  readonly complete: number;
}

const setup = JSON.parse(process.argv[2] ?? '') as SlowServerSetup;
const read = (path: string): string => readFileSync(path, 'utf8');
const counts = { abandoned: 0, complete: 0 };

const server = createOtaServer({
  store: createFileFirmwareStore({ dir: setup.dir }),
  tls: { cert: read(setup.cert), key: read(setup.key), deviceCa: read(setup.deviceCa) },
  host: '127.0.0.1',
  maxConnections: setup.clients + 10,
  // The clients have one certificate between them.
  limits: {
    downloads: setup.clients + 10,
    downloadsPerClient: setup.clients + 10,
    requestsPerClient: { requests: setup.clients + 10, perSeconds: 10 },
  },
  onEvent: (event) => {
    if (event.type === 'download') counts[event.complete ? 'complete' : 'abandoned'] += 1;
  },
});

const openFiles = (): number => {
  try {
    return readdirSync('/proc/self/fd').length;
  } catch {
    return 0;
  }
};

process.on('message', () => {
  const usage: Usage = { rssBytes: process.memoryUsage.rss(), files: openFiles(), ...counts };
  process.send?.(usage);
});
process.on('disconnect', () => void server.close());
process.send?.(await server.listen(0));
