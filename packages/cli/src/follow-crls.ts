import { disconnectByTakeover, type EmbeddedBroker, type MosquittoBroker } from '@secure-esp/broker';
import type { PkiTree, TreeCrl, TreeCrls } from '@secure-esp/pki';
import { stat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { brokerTls } from './start-broker.js';

/** What happened to the revocation lists of a running broker. */
export type CrlEvent =
  | { readonly type: 'revocation_lists_loaded'; readonly numbers: readonly string[] }
  | { readonly type: 'revoked_device_disconnected'; readonly deviceId: string }
  /** The broker goes on with what it has. */
  | { readonly type: 'revocation_failed'; readonly reason: string };

export interface FollowCrlsOptions {
  /** the lists that the broker was started with, or older ones */
  readonly loaded: TreeCrls;
  readonly onEvent: (event: CrlEvent) => void;
  readonly signal: AbortSignal;
  /** Default 250. */
  readonly pollMs?: number;
  /** Default: the system clock. */
  readonly now?: () => number;
}

const RETRY_RENEWAL_MS = 60_000;

/**
 * Makes a running broker follow the revocation lists of its tree: loads a list that changed, after it was verified, then
 * ends the connections of devices that are new on it. Lists that spent half of their time are issued anew, where the CA's
 * key is at hand. Resolves when the signal is aborted.
 */
export async function followCrls(
  tree: PkiTree,
  broker: EmbeddedBroker | MosquittoBroker,
  options: FollowCrlsOptions,
): Promise<void> {
  const { onEvent, signal, pollMs = 250, now = Date.now } = options;
  const failed = (error: unknown): void => {
    onEvent({ type: 'revocation_failed', reason: error instanceof Error ? error.message : String(error) });
  };
  const known = new Set<string>();
  let { loaded } = options;
  for (const serial of loaded.devices?.info.revoked.keys() ?? []) known.add(serial);
  let mark = '';
  let renewAt = 0;
  const stopped = (): boolean => signal.aborted;
  while (!stopped()) {
    try {
      if (now() >= renewAt && isHalfOver(loaded, now())) {
        renewAt = now() + RETRY_RENEWAL_MS;
        const renewed = await tree.refreshCrls();
        if (isHalfOver(renewed, now())) failed(new Error(`${lastDay(renewed)}: renew with \`secure-esp pki crl\``));
      }
      const seen = await markOf(tree);
      if (seen !== mark) {
        mark = seen;
        const crls = await tree.crls();
        if (numbers(crls).join() !== numbers(loaded).join()) {
          await load(tree, crls, broker);
          loaded = crls;
          onEvent({ type: 'revocation_lists_loaded', numbers: numbers(crls) });
          await disconnectRevoked(tree, crls, { broker, known, onEvent, failed, signal });
        }
      }
    } catch (error) {
      if (!stopped()) failed(error);
    }
    await delay(pollMs, undefined, { signal }).catch(() => undefined);
  }
}

const present = ({ servers, devices }: TreeCrls): TreeCrl[] => [servers, devices].filter((list) => list !== undefined);

const numbers = (crls: TreeCrls): string[] => present(crls).map(({ info }) => String(info.number));

const isHalfOver = (crls: TreeCrls, nowMs: number): boolean =>
  present(crls).some(({ info }) => nowMs >= (info.thisUpdate.getTime() + info.nextUpdate.getTime()) / 2);

function lastDay(crls: TreeCrls): string {
  const ends = present(crls).map(({ info }) => info.nextUpdate.toISOString());
  return `after ${ends.sort()[0] ?? ''} the broker refuses every client, because a revocation list is over`;
}

/** Changes whenever a list is replaced: they are renamed into place. */
async function markOf({ paths }: PkiTree): Promise<string> {
  const marks = [paths.caCrl, paths.deviceCaCrl].map((path) =>
    stat(path).then(
      ({ ino, mtimeMs, size }) => `${ino} ${mtimeMs} ${size}`,
      () => 'none',
    ),
  );
  return (await Promise.all(marks)).join();
}

async function load(tree: PkiTree, crls: TreeCrls, broker: EmbeddedBroker | MosquittoBroker): Promise<void> {
  if (broker.kind === 'embedded') broker.reload(brokerTls(tree, crls));
  else await broker.reload();
}

interface Disconnecting {
  readonly broker: EmbeddedBroker | MosquittoBroker;
  /** serials whose connections were ended before */
  readonly known: Set<string>;
  readonly onEvent: (event: CrlEvent) => void;
  readonly failed: (error: unknown) => void;
  readonly signal: AbortSignal;
}

/** Only after the list was loaded: a device that is still accepted comes back at once. */
async function disconnectRevoked(tree: PkiTree, { devices }: TreeCrls, work: Disconnecting): Promise<void> {
  const { broker, known, onEvent, failed, signal } = work;
  for (const serial of devices?.info.revoked.keys() ?? []) {
    if (known.has(serial)) continue;
    known.add(serial);
    for await (const { commonName: deviceId } of tree.inventory({ serial })) {
      try {
        if (broker.kind === 'embedded') await broker.disconnectDevice(deviceId);
        else {
          const { operatorPort: port } = broker;
          await disconnectByTakeover({ host: reachable(broker.host), port, tls: tree.operator, deviceId, signal });
        }
        onEvent({ type: 'revoked_device_disconnected', deviceId });
      } catch (error) {
        failed(error);
      }
    }
  }
}

const reachable = (host: string): string => (host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host);
