import { RateLimiterMemory } from 'rate-limiter-flexible';
import { OtaError } from '../errors.js';

/**
 * Counts requests of clients: one of `rate-limiter-flexible`, for several processes with one store, or anything that
 * resolves while a client may go on and rejects with `{ msBeforeNext }` when it may not. Rejecting with anything else is a
 * failure, and the request fails.
 */
export interface RequestLimiter {
  /** `key` is `role:cn`, or `address:…` for a client without a certificate. */
  consume(key: string): Promise<unknown>;
}

/**
 * What one handler does at once. A client is its role and name; one without a certificate is its address. Clients that
 * `dangerouslyAllowAnonymous` lets in cannot be told apart (the address is the proxy's): only `downloads` counts for them.
 */
export interface OtaLimits {
  /** Bodies of images that run at the same time; further ones get 503 `busy`. Default 1024. */
  readonly downloads?: number;
  /**
   * The same for one client; further ones get 429 `too_many_downloads`. Default 4: a device that lost power leaves a dead
   * download behind until the idle timeout.
   */
  readonly downloadsPerClient?: number;
  /**
   * Requests of one client; further ones get 429 `too_many_requests`. Default 600 in 10 seconds: `esp_https_ota` fetches in
   * pieces of 4 KB. Counted in this process: for several, give a limiter that they share.
   */
  readonly requestsPerClient?: { readonly requests: number; readonly perSeconds: number } | RequestLimiter;
}

/** The defaults of {@link OtaLimits}. */
export const OTA_LIMIT_DEFAULTS = Object.freeze({
  downloads: 1024,
  downloadsPerClient: 4,
  requestsPerClient: Object.freeze({ requests: 600, perSeconds: 10 }),
});

/** What a client that was refused a download is told to wait: the idle timeout, after which dead ones are gone. */
export const BUSY_RETRY_SECONDS = 30;

const MAX_WINDOW_SECONDS = 24 * 60 * 60;

export interface ResolvedLimits {
  readonly downloads: number;
  readonly downloadsPerClient: number;
  readonly requests: RequestLimiter;
}

/** @throws OtaError `bad_option` */
export function resolveLimits(limits: OtaLimits = {}): ResolvedLimits {
  const { requestsPerClient = OTA_LIMIT_DEFAULTS.requestsPerClient } = limits;
  return Object.freeze({
    downloads: atLeastOne('downloads', limits.downloads ?? OTA_LIMIT_DEFAULTS.downloads),
    downloadsPerClient: atLeastOne(
      'downloadsPerClient',
      limits.downloadsPerClient ?? OTA_LIMIT_DEFAULTS.downloadsPerClient,
    ),
    requests: 'consume' in requestsPerClient ? requestsPerClient : inThisProcess(requestsPerClient),
  });
}

function inThisProcess(window: { readonly requests: number; readonly perSeconds: number }): RequestLimiter {
  const points = atLeastOne('requestsPerClient.requests', window.requests);
  const duration = atLeastOne('requestsPerClient.perSeconds', window.perSeconds, MAX_WINDOW_SECONDS);
  // Forgets a client at the end of its window, by a timer that keeps no process alive.
  return new RateLimiterMemory({ points, duration });
}

function atLeastOne(name: string, value: number, max = Number.MAX_SAFE_INTEGER): number {
  if (!Number.isSafeInteger(value) || value < 1 || value > max) {
    throw new OtaError('bad_option', `limits.${name} must be a whole number from 1 to ${max}`);
  }
  return value;
}

/** Seconds until this client may ask again; `undefined` when it may now. Rejects when the limiter itself fails. */
export async function waitOf(limiter: RequestLimiter, key: string): Promise<number | undefined> {
  try {
    await limiter.consume(key);
    return undefined;
  } catch (error) {
    if (!isExhausted(error)) throw error;
    return Math.max(1, Math.ceil(error.msBeforeNext / 1000));
  }
}

const isExhausted = (error: unknown): error is { readonly msBeforeNext: number } =>
  typeof error === 'object' &&
  error !== null &&
  'msBeforeNext' in error &&
  typeof error.msBeforeNext === 'number' &&
  Number.isFinite(error.msBeforeNext);
