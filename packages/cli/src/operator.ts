import {
  connect,
  type Client,
  type ConnectOptions,
  type EventStream,
  type FleetRun,
  type PresenceStream,
  type UpdateProgress,
  type UpdateResult,
} from '@secure-esp/device-client';
import { openPki } from '@secure-esp/pki';
import type { Protocol } from '@secure-esp/protocol';
import type { CliContext } from './context.js';
import { pathOf } from './files.js';
import { loadProtocol } from './load-protocol.js';
import { refuseExpired } from './refuse-expired.js';

export interface OperatorOptions {
  readonly dir: string;
  readonly url: string;
  /** File of the fleet's contract. Default: the secure-esp contract. */
  readonly protocol?: string;
}

/** An event of any contract; `value` is what its schema made of the payload. */
export interface AnyEvent {
  /** The leaf, `cleared` or `dropped`. */
  readonly type: string;
  readonly device: string | undefined;
  readonly receivedAt: number;
  readonly value?: unknown;
  readonly retained?: boolean;
  /** Of `cleared`. */
  readonly leaf?: string;
  /** Of `dropped`. */
  readonly count?: number;
}

export interface AnyDevice {
  forget(options?: { readonly signal?: AbortSignal }): Promise<void>;
}

/** For each call to a fleet, milliseconds for one device. */
interface AnyCallOptions {
  readonly signal: AbortSignal;
  readonly deadlineMs: number;
}

export interface AnyUpdateOptions extends AnyCallOptions {
  readonly stopAfterFailures?: number | undefined;
  readonly onProgress?: (progress: UpdateProgress & { readonly device: string }) => void;
}

export interface AnyFleet {
  /** `value` is left out for a command whose payload is empty. Gives replies, nothing in a contract without them. */
  send(
    leaf: string,
    ...args: readonly [AnyCallOptions] | readonly [value: unknown, AnyCallOptions]
  ): FleetRun<object | undefined>;
  /** `run` is there if the contract has `update/run` and the states that follow it. */
  readonly update?: { readonly run?: (options: AnyUpdateOptions) => FleetRun<UpdateResult> };
}

/** A client whose contract is known only when the command runs: names and values are checked then, not by types. */
export interface AnyClient {
  readonly protocol: Protocol;
  device(id: string): AnyDevice;
  fleet(ids: readonly string[], options: { readonly concurrency: number }): AnyFleet;
  /** Throws for a contract without `status`. */
  presence(options: { readonly signal: AbortSignal }): PresenceStream;
  watch(options: {
    readonly types?: readonly string[];
    readonly device?: string | undefined;
    readonly signal?: AbortSignal;
    readonly queueSize?: number;
  }): EventStream<AnyEvent>;
}

/** Connects with the tree's operator certificate, runs `use`, and closes whatever happens. */
export async function asOperator<T>(
  context: CliContext,
  options: OperatorOptions,
  use: (client: AnyClient) => Promise<T>,
  { onConnectionChange }: Pick<ConnectOptions, 'onConnectionChange'> = {},
): Promise<T> {
  const protocol = await loadProtocol(context, options.protocol);
  const { operator } = await openPki(pathOf(context, options.dir));
  refuseExpired(operator, 'operator');
  const client: Client<Protocol> = await connect<Protocol>({
    url: options.url,
    tls: { ca: operator.ca, cert: operator.cert, key: operator.key },
    protocol,
    signal: context.signal,
    onConnectionChange,
  });
  try {
    return await use(client as unknown as AnyClient);
  } finally {
    await client.close();
  }
}
