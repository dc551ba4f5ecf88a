import { mosquittoConfig } from '@secure-esp/broker';
import { openPki } from '@secure-esp/pki';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { print, type CliContext } from '../context.js';
import { CliError } from '../errors.js';
import { pathOf, reasonOf, writeOutput } from '../files.js';
import { brokerTlsPaths } from '../start-broker.js';

export interface BrokerConfigOptions {
  readonly dir: string;
  readonly out: string;
  readonly host: string;
  readonly operatorPort: number;
  readonly devicePort: number;
}

/** `secure-esp broker config`: Mosquitto's configuration, for a Mosquitto that somebody else starts. */
export async function brokerConfig(context: CliContext, options: BrokerConfigOptions): Promise<void> {
  const { host, operatorPort, devicePort } = options;
  const tree = await openPki(pathOf(context, options.dir));
  const dir = pathOf(context, options.out);
  const files = mosquittoConfig({
    tls: brokerTlsPaths(tree),
    dir,
    host,
    operatorPort,
    devicePort,
    persistence: true,
  });
  try {
    await mkdir(dir, { recursive: true });
  } catch (error) {
    throw new CliError(`folder "${options.out}" cannot be made: ${reasonOf(error)}.`, 'Name another with --out.', 1, {
      cause: error,
    });
  }
  for (const [name, text] of Object.entries(files)) {
    await writeOutput(join(dir, name), text as string);
    print(context, `wrote ${join(options.out, name)}`);
  }
  print(
    context,
    `Mosquitto must be able to read ${tree.paths.brokerKey}; start it with: mosquitto -c ${join(options.out, 'mosquitto.conf')}`,
  );
}
