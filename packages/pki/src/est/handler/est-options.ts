import { MAX_CSR_BYTES } from '../../csr/csr-info.js';
import { PkiError } from '../../errors.js';
import { decodePemBundle } from '../pem-bundle.js';
import type { ClaimStore } from '../claims/claim-store.js';
import type { BodyLimits } from '../http/read-body.js';
import type { EstAuthority } from './est-authority.js';
import { type EstEventListener, isolateListener } from './est-event.js';

/** What both enrolment handlers take. */
export interface EstCommonOptions {
  /** issues and revokes; a tree is one */
  readonly authority: EstAuthority;
  /** path before the operations, default `/.well-known/est` */
  readonly prefix?: string;
  /** days that new certificates last; default: those of the role */
  readonly days?: number;
  /**
   * Revoke the old certificate (`superseded`) when a device re-enrols with a new key. Default false: it stays good until
   * its end. With true, a device that misses the answer is out until it gets a claim.
   */
  readonly revokeReplaced?: boolean;
  /** re-enrolments of one device within an hour, default 10 */
  readonly maxReenrolmentsPerHour?: number;
  /** for the body of a request, milliseconds, default 10,000 */
  readonly bodyTimeoutMs?: number;
  /** default: nobody is told */
  readonly onEvent?: EstEventListener;
  /** default: the system clock */
  readonly now?: () => Date;
}

/** What {@link createEstHandler} enrols by. */
export interface EstHandlerOptions extends EstCommonOptions {
  /** who may enrol */
  readonly claims: ClaimStore;
  /** wrong tokens for one device id within ten minutes, after which the answer is 429; default 10 */
  readonly maxWrongTokens?: number;
}

/** What {@link createEstGraceHandler} renews, and for how long after the end of a certificate. */
export interface EstGraceHandlerOptions extends EstCommonOptions {
  /** how long a certificate may be over, days, 1..3650, default 365 */
  readonly maxDaysExpired?: number;
}

export interface ResolvedCommon extends Required<Omit<EstCommonOptions, 'days' | 'bodyTimeoutMs'>> {
  readonly days: number | undefined;
  readonly body: BodyLimits;
}

const PREFIX = /^(?:\/[A-Za-z0-9._~-]+)+$/;
/** base64 takes 4 characters for 3 bytes; with line ends, twice as many is ample */
const MAX_BODY_BYTES = 2 * MAX_CSR_BYTES;

/** @throws PkiError `ERR_PKI_OPTION`, `ERR_PKI_PEM`, `ERR_PKI_CERTIFICATE` */
export function resolveCommon(options: EstCommonOptions): ResolvedCommon {
  const { authority, prefix = '/.well-known/est', days, bodyTimeoutMs = 10_000 } = options;
  if (!PREFIX.test(prefix)) {
    throw new PkiError('ERR_PKI_OPTION', 'prefix must be a path such as /.well-known/est', { field: 'prefix' });
  }
  const { maxReenrolmentsPerHour = 10 } = options;
  checkCount(maxReenrolmentsPerHour, 'maxReenrolmentsPerHour', 1, 100_000);
  checkCount(bodyTimeoutMs, 'bodyTimeoutMs', 1, 600_000);
  decodePemBundle(authority.ca);
  decodePemBundle(authority.deviceCa);
  return Object.freeze({
    authority,
    prefix,
    days,
    revokeReplaced: options.revokeReplaced ?? false,
    maxReenrolmentsPerHour,
    body: { maxBytes: MAX_BODY_BYTES, timeoutMs: bodyTimeoutMs },
    onEvent: isolateListener(options.onEvent),
    now: options.now ?? (() => new Date()),
  });
}

/** @throws PkiError `ERR_PKI_OPTION` */
export function checkCount(value: number, field: string, min: number, max: number): number {
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw new PkiError('ERR_PKI_OPTION', `${field} must be an integer in ${min}..${max}`, { field });
}
