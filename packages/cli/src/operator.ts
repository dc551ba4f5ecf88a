import { connect, type Client } from '@secure-esp/device-client';
import { openPki } from '@secure-esp/pki';
import type { CliContext } from './context.js';
import { pathOf } from './files.js';

export interface OperatorOptions {
  readonly dir: string;
  readonly url: string;
}

/** Connects with the tree's operator certificate, runs `use`, and closes whatever happens. */
export async function asOperator<T>(
  context: CliContext,
  options: OperatorOptions,
  use: (client: Client) => Promise<T>,
): Promise<T> {
  const { operator } = await openPki(pathOf(context, options.dir));
  const client = await connect({
    url: options.url,
    tls: { ca: operator.ca, cert: operator.cert, key: operator.key },
    signal: context.signal,
  });
  try {
    return await use(client);
  } finally {
    await client.close();
  }
}
