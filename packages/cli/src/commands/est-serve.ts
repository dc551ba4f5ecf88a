import { createEstServer, type EstAuthority, FileClaimStore } from '@secure-esp/pki';
import { print, untilAborted, type CliContext } from '../context.js';
import { pathOf } from '../files.js';
import { followOtaCertificates } from '../follow-ota-certificates.js';
import { openPart, type OtaTree } from '../open-part.js';
import { printJsonLine } from '../output.js';
import { refuseExpired } from '../refuse-expired.js';

export interface EstServeOptions {
  readonly dir: string;
  readonly host: string;
  readonly port: number;
  readonly gracePort?: number;
  readonly days?: number;
  readonly revokeReplaced?: true;
  readonly json?: true;
}

/** `secure-esp est serve` */
export async function estServe(context: CliContext, options: EstServeOptions): Promise<void> {
  const { host, port, gracePort, days } = options;
  const tree = await openPart(pathOf(context, options.dir), 'ota');
  refuseExpired(tree.ota, 'ota');
  const roots = { ca: tree.ca, deviceCa: tree.deviceCa };
  const onEvent = (event: object): void => {
    print(context, JSON.stringify(event, errorsAsText));
  };
  const server = createEstServer({
    authority: authorityOf(tree, roots),
    claims: new FileClaimStore(tree.paths.claimsDir),
    tls: tree.ota,
    host,
    port,
    revokeReplaced: options.revokeReplaced === true,
    onEvent,
    ...(gracePort === undefined ? {} : { gracePort }),
    ...(days === undefined ? {} : { days }),
  });
  const listening = await server.listen();
  const url = `https://${host}:${listening.port}`;
  const graceUrl = listening.gracePort === undefined ? undefined : `https://${host}:${listening.gracePort}`;
  if (options.json === true) printJsonLine(context, { type: 'listening', url, ...(graceUrl && { graceUrl }) });
  else {
    print(context, `enrolment on ${url}; Ctrl-C ends it`);
    if (graceUrl !== undefined) print(context, `expired devices renew on ${graceUrl}`);
  }
  const stop = new AbortController();
  const reloadTls: Parameters<typeof followOtaCertificates>[1]['reloadTls'] = ({ cert, key, deviceCa, operatorCa }) => {
    Object.assign(roots, { deviceCa, ca: operatorCa });
    server.reloadTls({ cert, key });
  };
  const signal = AbortSignal.any([context.signal, stop.signal]);
  const following = followOtaCertificates(tree, { reloadTls }, { signal, onEvent });
  try {
    await untilAborted(context.signal);
  } finally {
    stop.abort();
    await server.close();
    await following;
  }
}

/** The tree, with its CA certificates as they are now: they change when a CA is rolled over. */
const authorityOf = (tree: OtaTree, roots: { readonly ca: string; readonly deviceCa: string }): EstAuthority => ({
  get ca() {
    return roots.ca;
  },
  get deviceCa() {
    return roots.deviceCa;
  },
  signCsr: (options) => tree.signCsr(options),
  inventory: (filter) => tree.inventory(filter),
  revoke: (target, options) => tree.revoke(target, options),
});

/** An error in an event is for whoever runs the server; JSON would show `{}`. */
const errorsAsText = (_key: string, value: unknown): unknown => (value instanceof Error ? value.message : value);
