import type { OtaServer, OtaServerTls } from '@secure-esp/ota-server';
import { openPki, type PkiTree } from '@secure-esp/pki';
import { setTimeout as delay } from 'node:timers/promises';
import { fileMark } from './follow-files.js';

/** What happened to the certificates of a running update server. */
export type OtaCertificateEvent =
  | { readonly type: 'certificates_loaded' }
  /** The server goes on with what it has. */
  | { readonly type: 'certificates_failed'; readonly reason: string };

export interface FollowOtaCertificatesOptions {
  readonly onEvent: (event: OtaCertificateEvent) => void;
  readonly signal: AbortSignal;
  /** Default 250. */
  readonly pollMs?: number;
}

/** The contents of a tree that the update server needs. */
export const otaTls = ({ ota, ca, deviceCa }: PkiTree): OtaServerTls => ({
  cert: ota.cert,
  key: ota.key,
  deviceCa,
  operatorCa: ca,
});

const RETRY_MS = 5_000;

/** Makes a running update server follow its certificate and both CAs, as `tree` has them now. Resolves when the signal is aborted. */
export async function followOtaCertificates(
  tree: PkiTree,
  server: Pick<OtaServer, 'reloadTls'>,
  { onEvent, signal, pollMs = 250 }: FollowOtaCertificatesOptions,
): Promise<void> {
  const { caCert, deviceCaCert, otaCert, otaKey } = tree.paths;
  let loaded = JSON.stringify(otaTls(tree));
  let mark = '';
  while (!signal.aborted) {
    let pauseMs = pollMs;
    const seen = await fileMark([caCert, deviceCaCert, otaCert, otaKey]);
    if (seen !== mark) {
      try {
        const tls = otaTls(await openPki(tree.dir));
        if (JSON.stringify(tls) !== loaded) {
          server.reloadTls(tls);
          loaded = JSON.stringify(tls);
          onEvent({ type: 'certificates_loaded' });
        }
        mark = seen;
      } catch (error) {
        onEvent({ type: 'certificates_failed', reason: error instanceof Error ? error.message : String(error) });
        pauseMs = RETRY_MS;
      }
    }
    await delay(pauseMs, undefined, { signal }).catch(() => undefined);
  }
}
