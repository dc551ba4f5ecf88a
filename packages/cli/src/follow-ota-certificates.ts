import type { OtaServerTls } from '@secure-esp/ota-server';
import { setTimeout as delay } from 'node:timers/promises';
import { fileMark, Settling } from './follow-files.js';
import { openPart, type OtaTree } from './open-part.js';

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
export const otaTls = ({ ota, ca, deviceCa, adopted }: OtaTree): OtaServerTls => ({
  // the bridge for devices that trust an adopted CA only
  cert: ota.cert + (adopted?.cross ?? ''),
  key: ota.key,
  deviceCa,
  operatorCa: ca,
});

/** Makes a running update server follow its certificate and both CAs, as `tree` has them now. Resolves when the signal is aborted. */
export async function followOtaCertificates(
  tree: OtaTree,
  server: { readonly reloadTls: (tls: OtaServerTls) => void | Promise<void> },
  { onEvent, signal, pollMs = 250 }: FollowOtaCertificatesOptions,
): Promise<void> {
  const { caCert, deviceCaCert, otaCert, otaKey, adopted } = tree.paths;
  const files = [caCert, deviceCaCert, otaCert, otaKey, adopted.ca, adopted.crl, adopted.cross];
  let loaded = JSON.stringify(otaTls(tree));
  let mark = '';
  const settling = new Settling();
  while (!signal.aborted) {
    let pauseMs = pollMs;
    const seen = await fileMark(files);
    if (seen !== mark) {
      try {
        const tls = otaTls(await openPart(tree.dir, 'ota'));
        if (JSON.stringify(tls) !== loaded) {
          await server.reloadTls(tls);
          loaded = JSON.stringify(tls);
          onEvent({ type: 'certificates_loaded' });
        }
        mark = seen;
        settling.succeeded();
      } catch (error) {
        const { retryMs, tell } = settling.failed(performance.now());
        if (tell) {
          onEvent({ type: 'certificates_failed', reason: error instanceof Error ? error.message : String(error) });
        }
        pauseMs = Math.max(pollMs, retryMs);
      }
    }
    await delay(pauseMs, undefined, { signal }).catch(() => undefined);
  }
}
