import { createFileFirmwareStore, createOtaServer } from '@secure-esp/ota-server';
import { openPki, type PkiTree } from '@secure-esp/pki';
import { print, untilAborted, type CliContext } from '../context.js';
import { pathOf } from '../files.js';
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
    tls: { cert: tree.ota.cert, key: tree.ota.key, deviceCa: tree.deviceCa, operatorCa: tree.ca },
    store: createFileFirmwareStore({ dir: firmwareDir(context, options) }),
    isRevoked: ({ serial }) => isRevoked(tree, serial),
    onEvent: (event) => {
      print(context, JSON.stringify(event));
    },
  });
  const { port } = await server.listen(options.port, options.host);
  print(context, `update server on https://${options.host}:${port}, client certificate required; Ctrl-C ends it`);
  try {
    await untilAborted(context.signal);
  } finally {
    await server.close();
  }
}

/** The records decide, not the list made of them: so a revocation counts from the next request on. */
async function isRevoked(tree: PkiTree, serial: string | undefined): Promise<boolean> {
  if (serial === undefined) return true;
  for await (const { state } of tree.inventory({ serial: serial.toUpperCase() })) return state === 'revoked';
  return false;
}
