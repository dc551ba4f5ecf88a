import { isOtaError, OtaError } from '../../errors.js';

const CODE = /^[A-Za-z]{1,64}$/;

/** HTTP status of the service's answer; `undefined` when there was none. */
export function statusOf(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('$metadata' in error)) return undefined;
  const metadata = error.$metadata;
  if (typeof metadata !== 'object' || metadata === null || !('httpStatusCode' in metadata)) return undefined;
  return typeof metadata.httpStatusCode === 'number' ? metadata.httpStatusCode : undefined;
}

/** The service's word for what is wrong: `NoSuchKey`, `AccessDenied`, … */
export const nameOf = (error: unknown): string | undefined =>
  error instanceof Error && CODE.test(error.name) ? error.name : undefined;

/** The client's own names for an answer that said nothing, as all answers to `HEAD` do. */
const SAYS_NOTHING: readonly (string | undefined)[] = ['Error', 'Unknown', 'UnknownError', undefined];

/**
 * What a store throws for what the client threw: an abort as it came, anything else as `store_failed` with the service's
 * code. The message of the cause stays out of ours: it may name hosts and accounts.
 */
export function failed(problem: string, cause: unknown, signal: AbortSignal | undefined): unknown {
  if (signal?.aborted === true) return signal.reason;
  if (isOtaError(cause)) return cause;
  const name = nameOf(cause);
  const status = statusOf(cause);
  const detail = !SAYS_NOTHING.includes(name) ? ` (${name ?? ''})` : status === undefined ? '' : ` (HTTP ${status})`;
  hideResponse(cause);
  return new OtaError('store_failed', `${problem}${detail}`, { cause });
}

/** The client hangs the whole response on some errors, with its socket and the signed request: not for anybody's log. */
function hideResponse(error: unknown): void {
  if (error instanceof Error && Object.keys(error).includes('$response')) {
    Object.defineProperty(error, '$response', { enumerable: false });
  }
}

export function damagedImage(cause?: unknown): OtaError {
  hideResponse(cause);
  return new OtaError('store_damaged', 'the image is not stored, or shorter than asked for', { cause });
}
