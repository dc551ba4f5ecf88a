import type { RunningBroker } from '@secure-esp/broker';
import type { Protocol } from '@secure-esp/protocol';
import { join } from 'node:path';
import { print, untilAborted, type CliContext } from '../context.js';
import { CliError } from '../errors.js';
import { pathOf } from '../files.js';
import { followCrls } from '../follow-crls.js';
import { loadProtocol } from '../load-protocol.js';
import { openPart } from '../open-part.js';
import { printJsonLine } from '../output.js';
import { refuseExpired } from '../refuse-expired.js';
import { startBroker, type BrokerKind } from '../start-broker.js';

export interface BrokerRunOptions {
  readonly dir: string;
  /** File of the fleet’s contract. Default: the secure-esp contract. */
  readonly protocol?: string;
  readonly kind: BrokerKind;
  readonly host: string;
  readonly operatorPort: number;
  readonly devicePort: number;
  readonly websocketPort?: number;
  readonly websocketOrigin?: readonly string[];
  readonly json?: true;
}

/** `secure-esp broker run` */
export async function brokerRun(context: CliContext, options: BrokerRunOptions): Promise<void> {
  const protocol = await loadProtocol(context, options.protocol);
  const tree = await openPart(pathOf(context, options.dir), 'broker');
  refuseExpired(tree.broker, 'broker');
  const { kind, host, operatorPort, devicePort, websocketPort, websocketOrigin } = options;
  const crls = await tree.crls();
  const broker = await startBroker(tree, {
    kind,
    host,
    operatorPort,
    devicePort,
    protocol,
    websocketPort,
    websocketOrigins: websocketOrigin,
    dir: join(tree.dir, 'mosquitto'),
    // Mosquitto is started again when a CA is dropped
    persistence: true,
    signal: context.signal,
    onEvent: (event) => {
      print(context, JSON.stringify(event));
    },
  });
  announce(context, broker, { protocol, json: options.json === true });
  const stop = new AbortController();
  const following = followCrls(tree, broker, {
    loaded: crls,
    signal: AbortSignal.any([context.signal, stop.signal]),
    onEvent: (event) => {
      print(context, JSON.stringify(event));
    },
  });
  try {
    const error = await Promise.race([untilAborted(context.signal), broker.exited, following]);
    if (error instanceof Error) throw new CliError(`${error.message}.`, 'Start it again.', 1, { cause: error });
  } finally {
    stop.abort();
    await broker.close();
    await following;
  }
}

/** Where it listens, as a sentence or as an object. */
function announce(
  context: CliContext,
  broker: RunningBroker,
  { protocol, json }: { readonly protocol: Protocol; readonly json: boolean },
): void {
  const { kind, host, operatorPort, devicePort, websocketPort } = broker;
  const { name, version } = protocol;
  if (json) {
    const contract = { name, version };
    printJsonLine(context, { type: 'listening', kind, host, operatorPort, devicePort, websocketPort, contract });
    return;
  }
  const webSockets = websocketPort === undefined ? '' : `, operators over WebSocket on ${websocketPort}`;
  const ports = `operators on ${operatorPort}, devices on ${devicePort}${webSockets}`;
  print(context, `${kind} broker on ${host}, ${ports}, contract ${name} version ${version}; Ctrl-C ends it`);
}
