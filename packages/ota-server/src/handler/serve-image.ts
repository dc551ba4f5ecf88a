import { IMAGE_MEDIA_TYPE } from '@secure-esp/protocol';
import { OtaError } from '../errors.js';
import { parseRange } from '../http/byte-range.js';
import { etagOf, isSameRepresentation, matchesStrongly, matchesWeakly } from '../http/entity-tag.js';
import type { OtaReply, OtaRequest } from '../http/ota-exchange.js';
import { problem } from '../http/problem.js';
import type { FirmwareReader } from '../stores/firmware-store.js';
import type { Release } from '../update/release.js';
import type { OtaEventListener } from './ota-event.js';

export interface ServeImageOptions {
  readonly request: OtaRequest;
  readonly release: Release;
  readonly store: FirmwareReader;
  readonly headers: Readonly<Record<string, string>>;
  /** Whether `If-None-Match` may turn the reply into a 304. */
  readonly conditional: boolean;
  readonly emit: OtaEventListener;
}

/** A stored file by RFC 9110: preconditions (clause 13), then one range (clause 14), `HEAD` like `GET` without the body. */
export async function serveImage(options: ServeImageOptions): Promise<OtaReply> {
  const { request, release, store } = options;
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
  const partial = range.kind === 'range';
  const start = partial ? range.start : 0;
  const end = partial ? range.end : size - 1;
  const reply = {
    status: partial ? 206 : 200,
    headers: {
      'content-type': IMAGE_MEDIA_TYPE,
      'content-length': String(end - start + 1),
      'accept-ranges': 'bytes',
      'x-content-type-options': 'nosniff',
      'content-disposition': `attachment; filename="${release.channel}.bin"`,
      ...headers,
      ...(partial ? { 'content-range': `bytes ${start}-${end}/${size}` } : {}),
    },
  };
  return size === 0 ? reply : { ...reply, body: observe(options, start, end) };
}

/** The bytes, and one event when they end, are given up, or fail. */
async function* observe(options: ServeImageOptions, start: number, end: number): AsyncGenerator<Uint8Array> {
  const { request, release, store, emit } = options;
  const { sha256 } = release;
  const client = request.client === undefined ? {} : { client: request.client };
  let bytes = 0;
  try {
    for await (const chunk of store.readImage({ sha256, start, end, ...signalOf(request) })) {
      bytes += chunk.length;
      yield chunk;
    }
  } catch (error) {
    if (request.signal?.aborted !== true) emit({ type: 'failed', error, ...client });
    throw error;
  } finally {
    emit({ type: 'download', sha256, start, bytes, complete: bytes === end - start + 1, ...client });
  }
}

const signalOf = ({ signal }: OtaRequest): { readonly signal?: AbortSignal } =>
  signal === undefined ? {} : { signal };
