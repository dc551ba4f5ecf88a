import { emqxConfig, mosquittoConfig } from '@secure-esp/broker';
import type { TreeCrls } from '@secure-esp/pki';
import type { Protocol } from '@secure-esp/protocol';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { CliContext } from '../context.js';
import { CliError } from '../errors.js';
import { pathOf, reasonOf, writeOutput } from '../files.js';
import { loadProtocol } from '../load-protocol.js';
import { type BrokerTree, openPart } from '../open-part.js';
import { brokerTlsFiles } from '../start-broker.js';
import { printResult } from '../output.js';

export interface BrokerConfigOptions {
  readonly dir: string;
  /** File of the fleet’s contract. Default: the secure-esp contract. */
  readonly protocol?: string;
  readonly out: string;
  readonly kind: 'mosquitto' | 'emqx';
  readonly host: string;
  readonly operatorPort: number;
  readonly devicePort: number;
  readonly websocketPort?: number;
  readonly websocketOrigin?: readonly string[];
  readonly json?: true;
}

/** `secure-esp broker config`: the configuration of a Mosquitto or EMQX that somebody else starts. */
export async function brokerConfig(context: CliContext, options: BrokerConfigOptions): Promise<void> {
  const protocol = await loadProtocol(context, options.protocol);
  const tree = await openPart(pathOf(context, options.dir), 'broker');
  const dir = pathOf(context, options.out);
  const write = options.kind === 'emqx' ? forEmqx : forMosquitto;
  const { files, advice } = await write({ tree, dir, protocol }, options);
  try {
    await mkdir(dir, { recursive: true });
  } catch (error) {
    throw new CliError(`folder "${options.out}" cannot be made: ${reasonOf(error)}.`, 'Name another with --out.', 1, {
      cause: error,
    });
  }
  for (const [name, text] of Object.entries(files)) await writeOutput(join(dir, name), text);
  const written = Object.keys(files).map((name) => join(options.out, name));
  printResult(context, options, { kind: options.kind, written, advice }, [
    ...written.map((path) => `wrote ${path}`),
    ...advice,
  ]);
}

/** What a configuration is made of, beside the options. */
interface Material {
  readonly tree: BrokerTree;
  /** Where its files go. */
  readonly dir: string;
  readonly protocol: Protocol;
}

interface Configuration {
  readonly files: Readonly<Record<string, string>>;
  /** What to do with them, a line each. */
  readonly advice: readonly string[];
}

const NO_WEBSOCKET =
  'No listener for WebSockets was written: that of Mosquitto 2.0 ignores revocation lists, packet limits and origins. ' +
  '`secure-esp broker run --kind mosquitto --websocket-port PORT` has one that does not.';

async function forMosquitto({ tree, dir, protocol }: Material, options: BrokerConfigOptions): Promise<Configuration> {
  const { host, operatorPort, devicePort } = options;
  const crls = await tree.crls();
  const files = mosquittoConfig({
    tls: brokerTlsFiles(tree, crls),
    dir,
    protocol,
    host,
    operatorPort,
    devicePort,
    persistence: true,
  });
  const start = `Start it with: mosquitto -c ${join(options.out, 'mosquitto.conf')}`;
  const webSocket = options.websocketPort === undefined ? [] : [NO_WEBSOCKET];
  return { files: { ...files }, advice: [...mosquittoAdvice(tree, crls), ...webSocket, start] };
}

function mosquittoAdvice(tree: BrokerTree, crls: TreeCrls): readonly string[] {
  const { keyPath, operatorCrlPath, deviceCrlPath } = brokerTlsFiles(tree, crls);
  if (operatorCrlPath === undefined || deviceCrlPath === undefined) {
    return [
      `Mosquitto must be able to read ${keyPath}.`,
      'There is no revocation list of one of the CAs: make it with `secure-esp pki crl`, then write this configuration again.',
    ];
  }
  return [
    `Mosquitto must be able to read ${keyPath}, ${operatorCrlPath} and ${deviceCrlPath}.`,
    'It loads certificates and revocation lists again on SIGHUP: send it one after `secure-esp pki revoke`, `renew` and `crl`.',
    'Open connections stay. A list that is over refuses every client: run `secure-esp pki crl` by a timer, then the same.',
    'After `pki adopt` and `pki rollover` write this configuration again and restart Mosquitto.',
  ];
}

async function forEmqx({ tree, dir, protocol }: Material, options: BrokerConfigOptions): Promise<Configuration> {
  const { host, operatorPort, devicePort, websocketPort, websocketOrigin: websocketOrigins } = options;
  const operators = new Set<string>();
  for await (const { commonName, state } of tree.inventory({ role: 'operator' })) {
    if (state === 'good') operators.add(commonName);
  }
  const { brokerCert: certPath, brokerKey: keyPath, caCert, deviceCaCert } = tree.paths;
  // Without a CA of elsewhere: EMQX tells users apart by name alone, and that CA may certify the name of a device.
  const tls = { certPath, keyPath, operatorCaPath: caCert, deviceCaPath: deviceCaCert };
  const files = emqxConfig({
    ...{ tls, dir, protocol, host, operatorPort, devicePort, websocketPort, websocketOrigins },
    operators: [...operators],
  });
  return {
    files: { ...files },
    advice: [
      `EMQX 5.1 or later: append ${join(options.out, 'secure_esp.conf')} to its etc/emqx.conf; it must be able to read ${keyPath}.`,
      `No test runs it on an EMQX: try it. Its operators are ${[...operators].join(', ')}: write it again when there are others.`,
      'EMQX does not read revocation lists from files: ban what you revoke in EMQX, too.',
    ],
  };
}
