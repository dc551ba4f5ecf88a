import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { OtaEvent, OtaEventListener } from '../handler/ota-event.js';
import {
  closedLabel,
  handshakeLabel,
  methodLabel,
  notOfferedLabel,
  problemLabel,
  roleLabel,
  statusLabel,
} from './labels.js';

/** Where {@link createOtaMetrics} registers its metrics, and under which names. */
export interface OtaMetricsOptions {
  /** Where the metrics are registered. Default: a registry of their own. */
  readonly register?: Registry;
  /** Begin of every name. Default `secure_esp_ota_`. */
  readonly prefix?: string;
}

/** Prometheus metrics that are counted from events. */
export interface OtaMetrics {
  /** For `onEvent` of a handler or a server. */
  readonly onEvent: OtaEventListener;
  /** Its `metrics()` is what Prometheus reads. */
  readonly register: Registry;
}

/** Seconds until a reply is decided: memory, a disk, an object store far away. */
const REQUEST_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
/** Seconds of a body: from a 4 KiB range to 1 MiB at 26 KB/s and slower. */
const DOWNLOAD_BUCKETS = [0.01, 0.1, 0.5, 1, 2.5, 5, 10, 20, 40, 60, 120, 300, 600, 1800];

/**
 * Events of the update server as Prometheus metrics. Every label comes from a closed list: no name of a client, no path
 * and no version, so that nobody but you decides how many time series there are.
 *
 * @throws what prom-client says of names that are taken in `register`
 */
export function createOtaMetrics({
  register = new Registry(),
  prefix = 'secure_esp_ota_',
}: OtaMetricsOptions = {}): OtaMetrics {
  const metrics = define(register, prefix);
  return Object.freeze({
    register,
    onEvent(event: OtaEvent): void {
      count(metrics, event);
    },
  });
}

type Metrics = ReturnType<typeof define>;

function define(register: Registry, prefix: string) {
  const registers = [register];
  const counter = <T extends string>(name: string, help: string, labelNames: readonly T[] = []): Counter<T> =>
    new Counter({ name: `${prefix}${name}`, help, labelNames: [...labelNames], registers });
  const seconds = (name: string, help: string, buckets: number[]): Histogram =>
    new Histogram({ name: `${prefix}${name}`, help, buckets, registers });
  return {
    requests: counter('requests_total', 'Requests answered.', ['status', 'method', 'role']),
    refused: counter('refused_total', 'Requests refused, by the code of the reply.', ['code']),
    offers: counter('offers_total', 'Devices that were offered a newer release.', ['as']),
    notOffered: counter('not_offered_total', 'Devices for which nothing is newer.', ['reason']),
    downloads: counter('downloads_total', 'Bodies of images that ended.', ['complete']),
    bytes: counter('download_bytes_total', 'Bytes of images handed to connections.'),
    active: new Gauge({ name: `${prefix}downloads_active`, help: 'Bodies of images that are being sent.', registers }),
    handshakes: counter('handshake_failures_total', 'TLS handshakes that came to nothing.', ['code']),
    failures: counter('failures_total', 'Replies with 500 and bodies cut short.'),
    closed: counter('connections_closed_total', 'Open connections cut by the server.', ['reason']),
    bridged: counter('bridge_requests_total', 'Requests served without a client certificate.'),
    requestSeconds: seconds('request_duration_seconds', 'Time until a reply was decided.', REQUEST_BUCKETS),
    downloadSeconds: seconds('download_duration_seconds', 'Time of the body of an image.', DOWNLOAD_BUCKETS),
  };
}

function count(metrics: Metrics, event: OtaEvent): void {
  switch (event.type) {
    case 'replied': {
      const { status, method, client, durationMs } = event;
      const labels = { status: statusLabel(status), method: methodLabel(method), role: roleLabel(client) };
      metrics.requests.inc(labels);
      metrics.requestSeconds.observe(durationMs / 1000);
      return;
    }
    case 'refused':
      metrics.refused.inc({ code: problemLabel(event.code) });
      return;
    case 'offered':
      metrics.offers.inc({ as: event.as === 'manifest' ? 'manifest' : 'image' });
      return;
    case 'not_offered':
      metrics.notOffered.inc({ reason: notOfferedLabel(event.reason) });
      return;
    case 'download_started':
      metrics.active.inc();
      return;
    case 'download':
      metrics.active.dec();
      metrics.downloads.inc({ complete: String(event.complete) });
      metrics.bytes.inc(event.bytes);
      metrics.downloadSeconds.observe(event.durationMs / 1000);
      return;
    case 'handshake_failed':
      metrics.handshakes.inc({ code: handshakeLabel(event.code) });
      return;
    case 'failed':
      metrics.failures.inc();
      return;
    case 'connection_closed':
      metrics.closed.inc({ reason: closedLabel(event.reason) });
      return;
    case 'bridge_used':
      metrics.bridged.inc();
      return;
  }
}
