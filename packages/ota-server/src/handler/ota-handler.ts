import { DEVICE_HEADERS, isHttpsUrl, MANIFEST_MEDIA_TYPE } from '@secure-esp/protocol';
import { OtaError } from '../errors.js';
import { acceptsExplicitly } from '../http/accept.js';
import { etagOf } from '../http/entity-tag.js';
import type { OtaReply, OtaRequest } from '../http/ota-exchange.js';
import { type OtaProblemCode, problem } from '../http/problem.js';
import { imagePath } from '../publish/image-url.js';
import type { FirmwareReader } from '../stores/firmware-store.js';
import { decideUpdate, newestOf, type RunningFirmware } from '../update/decide-update.js';
import { isChannelName, isSha256, type Release } from '../update/release.js';
import { type Authority, type IsRevoked, type OtaTrust, refusalOf } from './authorize.js';
import { type BridgeOptions, createBridge } from './bridge.js';
import { checkDelivery, type Delivery } from './delivery.js';
import { readDeviceReport } from './device-report.js';
import { createDownloadSlots, holding } from './download-slots.js';
import { aboutRequest, isolate, type OtaEventListener } from './ota-event.js';
import { BUSY_RETRY_SECONDS, type OtaLimits, resolveLimits, waitOf } from './ota-limits.js';
import { type OtaRoute, routeOf } from './ota-route.js';
import { serveImage } from './serve-image.js';

/** What {@link createOtaHandler} serves, to whom, and how much at once. */
export interface OtaHandlerOptions {
  /** Releases and the bytes of their images. Only read. */
  readonly store: FirmwareReader;
  /** Who may fetch. Default: devices and operators with a certificate. */
  readonly trust?: OtaTrust;
  /** Default: the system's clock. */
  readonly now?: () => Date;
  /** Default: nothing is revoked. When it fails, the request fails. */
  readonly isRevoked?: IsRevoked;
  /** Default: none. Must be quick; what it throws becomes a process warning. */
  readonly onEvent?: OtaEventListener;
  /** Address of the handler's root, with a final slash. When given, channel replies name the image's own address (`Content-Location`). */
  readonly publicUrl?: string;
  /** Running downloads and requests, in all and per client. */
  readonly limits?: OtaLimits;
  /** Who sends the bytes of images. Default: this process. */
  readonly delivery?: Delivery;
  /**
   * Lets clients without a certificate fetch the newest file of some channels (`/<channel>.bin`, by `GET` and `HEAD`) until a
   * date, so that devices which have none yet can be moved over: anybody who reaches the server can then fetch these files.
   * Default: off.
   */
  readonly dangerouslyServeWithoutClientCertificate?: BridgeOptions;
}

/**
 * The update server without a network: a request in, a reply out. Made by {@link createOtaHandler}; safe for many
 * requests at once.
 */
export interface OtaHandler {
  /** Never rejects, except with the request's own abort. */
  handle(request: OtaRequest): Promise<OtaReply>;
}

/** Longest path in an event. */
const MAX_EVENT_PATH = 128;
const NO_REPORT = Object.fromEntries(Object.values(DEVICE_HEADERS).map((name) => [name, undefined]));
const IMMUTABLE = { 'cache-control': 'private, max-age=31536000, immutable' };
const CHANNEL = { 'cache-control': 'private, no-cache', vary: ['accept', ...Object.values(DEVICE_HEADERS)].join(', ') };

/**
 * The update server as a function from request to reply; all behaviour is here, whatever host writes it.
 *
 * - `/images/<sha256>.bin`: one released file, for ever.
 * - `/<channel>.bin`: to a device (`X-Secure-Esp-*` headers) what is newer for it, as a manifest or as the file; 304 or
 *   204 when nothing is. To anybody else the channel's newest file, `?chip=` where there are several chips.
 * - `/update`: for devices, the newest of all channels, or of `?channel=`.
 *
 * @throws OtaError `bad_option`
 */
export function createOtaHandler(options: OtaHandlerOptions): OtaHandler {
  const { store, publicUrl, trust = {} } = options;
  const emit = isolate(options.onEvent);
  const now = options.now ?? (() => new Date());
  if (publicUrl !== undefined && !(isHttpsUrl(publicUrl) && publicUrl.endsWith('/'))) {
    throw new OtaError('bad_option', 'publicUrl must be an https address that ends with a slash');
  }
  const authority: Authority = Object.freeze({
    roles: Object.freeze([...(trust.roles ?? (['device', 'operator'] as const))]),
    allowAnonymous: trust.dangerouslyAllowAnonymous === true,
    isRevoked: options.isRevoked ?? (() => false),
    now,
  });

  const delivery = options.delivery === undefined ? undefined : checkDelivery(options.delivery);
  const limits = resolveLimits(options.limits);
  const slots = createDownloadSlots(limits);
  const { dangerouslyServeWithoutClientCertificate: bridgeOptions } = options;
  const bridge = bridgeOptions === undefined ? undefined : createBridge(bridgeOptions, now);

  const refuse = (request: OtaRequest, code: OtaProblemCode, headers?: Record<string, string>): OtaReply => {
    emit({ type: 'refused', code, ...aboutRequest(request) });
    return problem(code, headers);
  };

  /** Whose requests and downloads are counted together; `undefined` for clients that cannot be told apart. */
  const keyOf = ({ client, address }: OtaRequest): string | undefined => {
    if (client !== undefined) return `${client.role}:${client.cn}`;
    return address === undefined || authority.allowAnonymous ? undefined : `address:${address}`;
  };

  async function limited(request: OtaRequest): Promise<OtaReply> {
    const key = keyOf(request);
    // Before anything that costs: `isRevoked` may be a query to somewhere else.
    const seconds = key === undefined ? undefined : await waitOf(limits.requests, key);
    if (seconds !== undefined) return refuse(request, 'too_many_requests', retryAfter(seconds));
    const reply = await answer(request);
    const { body } = reply;
    if (request.method === 'HEAD' || body === undefined || body instanceof Uint8Array) return reply;
    const slot = slots.take(key);
    if (!slot.ok) return refuse(request, slot.code, retryAfter(BUSY_RETRY_SECONDS));
    return { ...reply, body: holding(body, Number(reply.headers['content-length']), slot.release, request.signal) };
  }

  async function answer(request: OtaRequest): Promise<OtaReply> {
    const route = routeOf(request.target);
    const refusal = await refusalOf(request.client, authority);
    if (refusal === 'no_client' && isBridged(request, route)) return overBridge(request, route);
    if (refusal !== undefined) return refuse(request, refusal);
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      return refuse(request, 'method_not_allowed', { allow: 'GET, HEAD' });
    }
    switch (route.kind) {
      case 'image':
        return image(request, route.sha256);
      case 'update':
        return update(request, route.channel);
      case 'channel':
        return fromChannel(request, route.channel, route.chip);
      case 'malformed':
        return refuse(request, 'bad_request');
      case 'foreign':
        return refuse(request, 'not_found');
    }
  }

  const isBridged = (request: OtaRequest, route: OtaRoute): route is OtaRoute & { readonly kind: 'channel' } =>
    (request.method === 'GET' || request.method === 'HEAD') &&
    route.kind === 'channel' &&
    bridge?.allows(route.channel) === true;

  /** The plain file, whatever the client says it runs: a manifest would name an address where it is refused. */
  function overBridge(request: OtaRequest, route: OtaRoute & { readonly kind: 'channel' }): Promise<OtaReply> {
    const { id, address } = request;
    emit({
      type: 'bridge_used',
      channel: route.channel,
      ...(address === undefined ? {} : { address }),
      ...(id === undefined ? {} : { requestId: id }),
    });
    return fromChannel({ ...request, headers: { ...request.headers, ...NO_REPORT } }, route.channel, route.chip);
  }

  async function image(request: OtaRequest, sha256: string): Promise<OtaReply> {
    if (!isSha256(sha256)) return refuse(request, 'not_found');
    const release = (await store.listReleases(signalOf(request))).find((candidate) => candidate.sha256 === sha256);
    if (release === undefined) return refuse(request, 'not_found');
    return serveImage({ request, release, store, headers: IMMUTABLE, conditional: true, delivery, emit });
  }

  async function update(request: OtaRequest, channel: string | undefined): Promise<OtaReply> {
    const report = readDeviceReport(request.headers);
    if (report.kind === 'none') return refuse(request, 'device_headers_required');
    if (report.kind === 'malformed') return refuse(request, 'bad_device_header');
    const narrowed = channel === undefined ? {} : { channel };
    return offer(request, report.running, await store.listReleases({ ...narrowed, ...signalOf(request) }));
  }

  async function fromChannel(request: OtaRequest, channel: string, chip: string | undefined): Promise<OtaReply> {
    const report = readDeviceReport(request.headers);
    if (report.kind === 'malformed') return refuse(request, 'bad_device_header');
    const releases = isChannelName(channel) ? await store.listReleases({ channel, ...signalOf(request) }) : [];
    if (releases.length === 0) return refuse(request, 'not_found');
    if (report.kind === 'report') return offer(request, report.running, releases);
    const wanted = releases.filter((release) => chip === undefined || release.chip === chip);
    if (new Set(wanted.map((release) => release.chip)).size > 1) return refuse(request, 'chip_required');
    const release = newestOf(wanted);
    if (release === undefined) return refuse(request, 'not_found');
    return serveImage({ request, release, store, headers: channelHeaders(release), conditional: true, delivery, emit });
  }

  async function offer(
    request: OtaRequest,
    running: RunningFirmware,
    candidates: readonly Release[],
  ): Promise<OtaReply> {
    const decision = decideUpdate({ running, candidates, now: now() });
    if (!decision.offer) {
      emit({ type: 'not_offered', running, reason: decision.reason, ...aboutRequest(request) });
      return nothingNewer(request, running, candidates);
    }
    const { release } = decision;
    const { manifest, seq, version } = release;
    const asManifest = manifest !== undefined && acceptsExplicitly(request.headers['accept'], MANIFEST_MEDIA_TYPE);
    emit({ type: 'offered', running, seq, version, as: asManifest ? 'manifest' : 'image', ...aboutRequest(request) });
    if (asManifest) return manifestReply(manifest);
    // If-None-Match names what the device installed. It runs something older than this, so it is sent all the same.
    return serveImage({
      request,
      release,
      store,
      headers: channelHeaders(release),
      conditional: false,
      delivery,
      emit,
    });
  }

  const channelHeaders = (release: Release): Record<string, string> => ({
    ...CHANNEL,
    ...(publicUrl === undefined ? {} : { 'content-location': new URL(imagePath(release.sha256), publicUrl).href }),
  });

  async function guarded(request: OtaRequest): Promise<OtaReply> {
    try {
      return await limited(request);
    } catch (error) {
      request.signal?.throwIfAborted();
      emit({ type: 'failed', error, ...aboutRequest(request) });
      return problem('internal');
    }
  }

  return Object.freeze({
    async handle(request: OtaRequest): Promise<OtaReply> {
      const startedAt = performance.now();
      const reply = forMethod(request, await guarded(request));
      const { method, target } = request;
      const path = (target.split('?', 1)[0] ?? '').slice(0, MAX_EVENT_PATH);
      const durationMs = performance.now() - startedAt;
      emit({ type: 'replied', method, path, status: reply.status, durationMs, ...aboutRequest(request) });
      return reply;
    },
  });
}

/** `HEAD` has the headers of `GET` and never a body. */
const forMethod = (request: OtaRequest, { status, headers, body }: OtaReply): OtaReply =>
  request.method === 'HEAD' || body === undefined ? { status, headers } : { status, headers, body };

function nothingNewer(request: OtaRequest, running: RunningFirmware, candidates: readonly Release[]): OtaReply {
  if (request.headers['if-none-match'] === undefined) return { status: 204, headers: { ...CHANNEL } };
  const current = candidates.find((release) => release.image === running.image);
  return { status: 304, headers: { ...CHANNEL, ...(current === undefined ? {} : { etag: etagOf(current.sha256) }) } };
}

function manifestReply(manifest: string): OtaReply {
  const body = new TextEncoder().encode(manifest);
  const headers = {
    'content-type': MANIFEST_MEDIA_TYPE,
    'content-length': String(body.length),
    'x-content-type-options': 'nosniff',
    ...CHANNEL,
  };
  return { status: 200, headers, body };
}

const retryAfter = (seconds: number) => ({ 'retry-after': String(seconds) });
const signalOf = ({ signal }: OtaRequest) => (signal === undefined ? {} : { signal });
