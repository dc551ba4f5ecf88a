import type { EmbeddedBroker, MosquittoBroker } from '@secure-esp/broker';
import { openPki, type PkiTree, type TreeCrls } from '@secure-esp/pki';
import { setTimeout as delay } from 'node:timers/promises';
import { type BrokerMaterial, loadMaterial, materialOf, presentCrls, rootNames } from './broker-material.js';
import { fileMark, Settling } from './follow-files.js';
import type { BrokerTree } from './open-part.js';

/** What happened to the certificates and revocation lists of a running broker. */
export type CrlEvent =
  | { readonly type: 'revocation_lists_loaded'; readonly numbers: readonly string[] }
  /** The broker's certificate or the CAs that it trusts are others now. */
  | { readonly type: 'certificates_loaded'; readonly trusted: readonly string[] }
  | { readonly type: 'revoked_device_disconnected'; readonly deviceId: string }
  | { readonly type: 'revoked_operator_disconnected'; readonly commonName: string; readonly connections: number }
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
 * Makes a running broker follow its tree: revocation lists, its own certificate, and the CAs it trusts. Loads what changed,
 * after it was verified, then ends the connections of devices that are new on a list. Lists that spent half of their time are
 * issued anew, where the CA's key is at hand, and an adopted CA is dropped when its time is over. Resolves when the signal
 * is aborted.
 */
export async function followCrls(
  tree: BrokerTree,
  broker: EmbeddedBroker | MosquittoBroker,
  options: FollowCrlsOptions,
): Promise<void> {
  const { onEvent, signal, pollMs = 250, now = Date.now } = options;
  const failed = (error: unknown): void => {
    onEvent({ type: 'revocation_failed', reason: error instanceof Error ? error.message : String(error) });
  };
  let loaded = materialOf(tree, options.loaded);
  const known = new Set(revokedSerials(options.loaded));
  const files = followedFiles(tree);
  let mark = '';
  let tried = '';
  let renewAt = 0;
  let loadAt = 0;
  const settling = new Settling();
  const stopped = (): boolean => signal.aborted;
  while (!stopped()) {
    try {
      if (now() >= renewAt && isHalfOver(loaded.crls, now())) {
        renewAt = now() + RETRY_RENEWAL_MS;
        const renewed = await tree.refreshCrls();
        if (isHalfOver(renewed, now())) failed(new Error(`${lastDay(renewed)}: renew with \`secure-esp pki crl\``));
      }
      const seen = await fileMark(files);
      const adoptionOver = isAdoptionOver(loaded.tree, now());
      // what failed is tried again later, what changed since then at once
      if ((seen !== tried || performance.now() >= loadAt) && (seen !== mark || adoptionOver)) {
        tried = seen;
        const before = loaded;
        try {
          const next = await readMaterial(tree, adoptionOver, now);
          await loadChanges(broker, { next, before, onEvent });
          [loaded, mark] = [next, seen];
          settling.succeeded();
        } catch (error) {
          const { retryMs, tell } = settling.failed(performance.now());
          loadAt = performance.now() + retryMs;
          if (tell) throw error;
        }
        if (loaded.lists.join() !== before.lists.join()) {
          await disconnectRevoked(loaded, { broker, known, onEvent, failed });
        }
      }
    } catch (error) {
      if (!stopped()) failed(error);
    }
    await delay(pollMs, undefined, { signal }).catch(() => undefined);
  }
}

const followedFiles = ({ paths }: BrokerTree): readonly string[] => [
  ...[paths.caCrl, paths.deviceCaCrl, paths.caCert, paths.deviceCaCert, paths.brokerCert, paths.brokerKey],
  ...[paths.adopted.ca, paths.adopted.crl],
];

/** Whether the time of a CA that the broker still trusts has passed. */
export const isAdoptionOver = ({ adopted }: Pick<PkiTree, 'adopted'>, nowMs: number): boolean =>
  adopted !== undefined && nowMs >= adopted.until.getTime();

async function readMaterial(tree: BrokerTree, adoptionOver: boolean, now: () => number): Promise<BrokerMaterial> {
  const opened = await openPki(tree.dir, { parts: ['broker'], now: () => new Date(now()) });
  // what Mosquitto reads is made of our own and the adopted CA's files: waits for, or completes, who is at work on them
  const crls = opened.adopted || adoptionOver ? await opened.refreshCrls() : await opened.crls();
  return materialOf(opened, crls);
}

async function loadChanges(
  broker: EmbeddedBroker | MosquittoBroker,
  { next, before, onEvent }: { next: BrokerMaterial; before: BrokerMaterial; onEvent: (event: CrlEvent) => void },
): Promise<void> {
  const lists = next.lists.join() !== before.lists.join();
  const certificates = next.server !== before.server || next.roots.join() !== before.roots.join();
  if (!lists && !certificates && next.files === before.files) return;
  await loadMaterial(broker, next, before);
  if (lists) onEvent({ type: 'revocation_lists_loaded', numbers: numbers(next.crls) });
  if (certificates) onEvent({ type: 'certificates_loaded', trusted: rootNames(next) });
}

const numbers = (crls: TreeCrls): string[] =>
  presentCrls(crls).flatMap(({ lists }) => lists.map(({ info }) => String(info.number)));

const isHalfOver = (crls: TreeCrls, nowMs: number): boolean =>
  presentCrls(crls).some(({ lists }) =>
    lists.some(({ info }) => nowMs >= (info.thisUpdate.getTime() + info.nextUpdate.getTime()) / 2),
  );

function lastDay(crls: TreeCrls): string {
  const ends = presentCrls(crls).flatMap(({ lists }) => lists.map(({ info }) => info.nextUpdate.toISOString()));
  return `after ${ends.sort()[0] ?? ''} the broker refuses every client, because a revocation list is over`;
}

const revokedSerials = (crls: TreeCrls): string[] =>
  presentCrls(crls).flatMap(({ lists }) => lists.flatMap(({ info }) => [...info.revoked.keys()]));

interface Disconnecting {
  readonly broker: EmbeddedBroker | MosquittoBroker;
  /** serials whose connections were ended before */
  readonly known: Set<string>;
  readonly onEvent: (event: CrlEvent) => void;
  readonly failed: (error: unknown) => void;
}

/** Only after the list was loaded: whoever is still accepted comes back at once. */
async function disconnectRevoked({ tree, crls }: BrokerMaterial, work: Disconnecting): Promise<void> {
  const { broker, known, onEvent, failed } = work;
  for (const serial of revokedSerials(crls)) {
    if (known.has(serial)) continue;
    known.add(serial);
    for await (const { role, commonName } of tree.inventory({ serial })) {
      if (role !== 'device' && role !== 'operator') continue;
      try {
        const connections = await broker.disconnect({ role, commonName });
        if (role === 'device') onEvent({ type: 'revoked_device_disconnected', deviceId: commonName });
        else onEvent({ type: 'revoked_operator_disconnected', commonName, connections });
      } catch (error) {
        failed(error);
      }
    }
  }
}
