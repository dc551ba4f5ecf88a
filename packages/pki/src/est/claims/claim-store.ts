import type { Claim } from './claim.js';

/**
 * Keeps at most one claim per device id; ids differing only in case are one. Every method is atomic: after a crash it
 * has happened wholly or not at all. Failures of the medium are `ERR_PKI_STORE` or `ERR_PKI_IO` with a cause.
 *
 * The store keeps claims, it does not judge them.
 */
export interface ClaimStore {
  /** Undefined where there is none, and for another spelling of the id. */
  get(deviceId: string): Promise<Claim | undefined>;
  /** Keeps the claim, in the place of an older one. Rejects with `ERR_PKI_NAME` when another spelling of the id has one. */
  put(claim: Claim): Promise<void>;
  /** True when there was one. */
  delete(deviceId: string): Promise<boolean>;
  /** In order of device id. */
  list(): AsyncIterable<Claim>;
  /**
   * Runs `work` while nobody else runs work for this device on the same store, in other processes too. Other calls are
   * not held up. Not reentrant.
   *
   * Rejects with `ERR_PKI_LOCKED` when that takes too long, with the signal's reason, and with what `work` rejects with.
   */
  exclusive<T>(deviceId: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T>;
}
