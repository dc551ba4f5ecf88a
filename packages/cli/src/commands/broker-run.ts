import { openPki } from '@secure-esp/pki';
import { join } from 'node:path';
import { print, untilAborted, type CliContext } from '../context.js';
import { CliError } from '../errors.js';
import { pathOf } from '../files.js';
import { followCrls } from '../follow-crls.js';
import { startBroker, type BrokerKind } from '../start-broker.js';

export interface BrokerRunOptions {
  readonly dir: string;
  readonly kind: BrokerKind;
  readonly host: string;
  readonly operatorPort: number;
  readonly devicePort: number;
}

/** `secure-esp broker run` */
export async function brokerRun(context: CliContext, options: BrokerRunOptions): Promise<void> {
  const tree = await openPki(pathOf(context, options.dir));
  const { kind, host, operatorPort, devicePort } = options;
  const crls = await tree.crls();
  const broker = await startBroker(tree, {
    kind,
    host,
    operatorPort,
    devicePort,
    dir: join(tree.dir, 'mosquitto'),
    // Mosquitto is started again when a CA is dropped
    persistence: true,
    signal: context.signal,
    onEvent: (event) => {
      print(context, JSON.stringify(event));
    },
  });
  const ports = `operators on ${broker.operatorPort}, devices on ${broker.devicePort}`;
  print(context, `${broker.kind} broker on ${broker.host}, ${ports}; Ctrl-C ends it`);
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
