import { IMAGE_MEDIA_TYPE } from '@secure-esp/protocol';
import { OtaError } from '../errors.js';
import { parseRange } from '../http/byte-range.js';
import { etagOf, isSameRepresentation, matchesStrongly, matchesWeakly } from '../http/entity-tag.js';
import type { OtaReply, OtaRequest } from '../http/ota-exchange.js';
import { problem } from '../http/problem.js';
import type { FirmwareReader } from '../stores/firmware-store.js';
import type { Release } from '../update/release.js';
import { accelPath, type Delivery, redirectUrl } from './delivery.js';
import { aboutRequest, type OtaEventListener } from './ota-event.js';

export interface ServeImageOptions {
  readonly request: OtaRequest;
  readonly release: Release;
  readonly store: FirmwareReader;
  readonly headers: Readonly<Record<string, string>>;
  /** Whether `If-None-Match` may turn the reply into a 304. */
  readonly conditional: boolean;
  /** As {@link checkDelivery} gave it. Default: the bytes come from here. */
  readonly delivery?: Delivery | undefined;
  readonly emit: OtaEventListener;
}

/** A stored file by RFC 9110: preconditions (clause 13), then one range (clause 14), `HEAD` like `GET` without the body. */
export async function serveImage(options: ServeImageOptions): Promise<OtaReply> {
  const { request, release, store, delivery } = options;
  const { sha256, size } = release;
  const stored = await store.statImage({ sha256, ...signalOf(request) });
  if (stored?.size !== size) {
    throw new OtaError('store_damaged', `the image of release ${release.seq} is missing or has another size`);
  }
  const etag = etagOf(sha256);
  const { 'if-match': ifMatch, 'if-none-match': ifNoneMatch, 'if-range': ifRange } = request.headers;
  const headers = { etag, ...options.headers };
  if (ifMatch !== undefined && !matchesStrongly(ifMatch, etag)) return problem('precondition_failed', { etag });
  if (options.conditional && ifNoneMatch !== undefined && matchesWeakly(ifNoneMatch, etag)) {
    return { status: 304, headers };
  }
  // Range is defined for GET only (clause 14.2).
  const applicable = request.method === 'GET' && (ifRange === undefined || isSameRepresentation(ifRange, etag));
  const range = parseRange(applicable ? request.headers['range'] : undefined, size);
  if (range.kind === 'unsatisfiable') {
    return problem('range_not_satisfiable', { etag, 'accept-ranges': 'bytes', 'content-range': `bytes */${size}` });
  }
  const described = {
    'content-type': IMAGE_MEDIA_TYPE,
    'x-content-type-options': 'nosniff',
    'content-disposition': `attachment; filename="${release.channel}.bin"`,
    ...headers,
  };
  // What has no bytes is answered here: a pre-signed address is good for one method, and not for HEAD.
  if (request.method === 'GET' && size > 0) {
    if (delivery?.kind === 'redirect') {
      const location = await redirectUrl(delivery, stored, request.signal);
      return { status: 307, headers: { location, 'content-length': '0', 'cache-control': 'no-store' } };
    }
    if (delivery?.kind === 'accel' && !isBeyondNginx(request)) {
      return { status: 200, headers: { ...described, 'x-accel-redirect': accelPath(delivery, sha256) } };
    }
  }
  const partial = range.kind === 'range';
  const start = partial ? range.start : 0;
  const end = partial ? range.end : size - 1;
  const reply = {
    status: partial ? 206 : 200,
    headers: {
      ...described,
      'content-length': String(end - start + 1),
      'accept-ranges': 'bytes',
      ...(partial ? { 'content-range': `bytes ${start}-${end}/${size}` } : {}),
    },
  };
  return size === 0 ? reply : { ...reply, body: observe(options, start, end) };
}

/**
 * Conditions that hold here, and that nginx would judge again and deny: where it sends a file it knows no ETag before the
 * reply is made, and it compares dates with the file's.
 */
const isBeyondNginx = ({ headers }: OtaRequest): boolean =>
  headers['if-match'] !== undefined ||
  headers['if-unmodified-since'] !== undefined ||
  headers['if-none-match']?.trim() === '*';

/** The bytes, and one event when they end, are given up, or fail. */
async function* observe(options: ServeImageOptions, start: number, end: number): AsyncGenerator<Uint8Array> {
  const { request, release, store, emit } = options;
  const { sha256 } = release;
  const about = aboutRequest(request);
  const startedAt = performance.now();
  let bytes = 0;
  emit({ type: 'download_started', sha256, start, ...about });
  try {
    for await (const chunk of store.readImage({ sha256, start, end, ...signalOf(request) })) {
      bytes += chunk.length;
      yield chunk;
    }
  } catch (error) {
    if (request.signal?.aborted !== true) emit({ type: 'failed', error, ...about });
    throw error;
  } finally {
    const durationMs = Math.round(performance.now() - startedAt);
    emit({ type: 'download', sha256, start, bytes, complete: bytes === end - start + 1, durationMs, ...about });
  }
}

const signalOf = ({ signal }: OtaRequest): { readonly signal?: AbortSignal } =>
  signal === undefined ? {} : { signal };
