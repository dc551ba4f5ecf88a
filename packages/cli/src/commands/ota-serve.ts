import { createFileFirmwareStore, createOtaServer } from '@secure-esp/ota-server';
import { openPki, type PkiTree } from '@secure-esp/pki';
import { print, untilAborted, type CliContext } from '../context.js';
import { pathOf } from '../files.js';
import { followOtaCertificates, otaTls } from '../follow-ota-certificates.js';
import { firmwareDir } from './ota-publish.js';

export interface OtaServeOptions {
  readonly dir: string;
  readonly firmware?: string;
  readonly host: string;
  readonly port: number;
}

/** `secure-esp ota serve` */
export async function otaServe(context: CliContext, options: OtaServeOptions): Promise<void> {
  const tree = await openPki(pathOf(context, options.dir));
  const server = createOtaServer({
    tls: otaTls(tree),
    store: createFileFirmwareStore({ dir: firmwareDir(context, options) }),
    isRevoked: ({ serial }) => isRevoked(tree, serial),
    onEvent: (event) => {
      print(context, JSON.stringify(event));
    },
  });
  const { port } = await server.listen(options.port, options.host);
  print(context, `update server on https://${options.host}:${port}, client certificate required; Ctrl-C ends it`);
  const stop = new AbortController();
  const following = followOtaCertificates(tree, server, {
    signal: AbortSignal.any([context.signal, stop.signal]),
    onEvent: (event) => {
      print(context, JSON.stringify(event));
    },
  });
  try {
    await untilAborted(context.signal);
  } finally {
    stop.abort();
    await server.close();
    await following;
  }
}

/** The records decide, not the list made of them: so a revocation counts from the next request on. */
async function isRevoked(tree: PkiTree, serial: string | undefined): Promise<boolean> {
  if (serial === undefined) return true;
  for await (const { state } of tree.inventory({ serial: serial.toUpperCase() })) return state === 'revoked';
  return false;
}
