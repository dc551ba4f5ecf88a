import type { Claim } from './claim.js';
import { byDeviceId, checkSpelling, claimKey } from './claim-rules.js';
import type { ClaimStore } from './claim-store.js';

/** A store that forgets: for tests, and for claims that last as long as the program. */
export class MemoryClaimStore implements ClaimStore {
  readonly #claims = new Map<string, Claim>();
  readonly #turns = new Map<string, Promise<unknown>>();

  async get(deviceId: string): Promise<Claim | undefined> {
    await Promise.resolve();
    const claim = this.#claims.get(claimKey(deviceId));
    return claim?.deviceId === deviceId ? claim : undefined;
  }

  async put(claim: Claim): Promise<void> {
    await Promise.resolve();
    checkSpelling(this.#claims.get(claimKey(claim.deviceId)), claim);
    this.#claims.set(claimKey(claim.deviceId), Object.freeze({ ...claim }));
  }

  async delete(deviceId: string): Promise<boolean> {
    return (await this.get(deviceId)) !== undefined && this.#claims.delete(claimKey(deviceId));
  }

  async *list(): AsyncGenerator<Claim> {
    await Promise.resolve();
    yield* [...this.#claims.values()].sort(byDeviceId);
  }

  async exclusive<T>(deviceId: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const key = claimKey(deviceId);
    const before = this.#turns.get(key) ?? Promise.resolve();
    const turn = before.then(() => {
      signal?.throwIfAborted();
      return work();
    });
    const done = turn.catch(() => undefined);
    this.#turns.set(key, done);
    try {
      return await turn;
    } finally {
      if (this.#turns.get(key) === done) this.#turns.delete(key);
    }
  }
}
