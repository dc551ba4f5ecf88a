import type { OtaClient } from '../http/ota-exchange.js';

/** Devices of one server, or the most recent of a larger fleet: a few megabytes. */
const MAX_KNOWN = 4096;

/**
 * Who certificates are, by their bytes. Reading a certificate and verifying its signature takes longer than answering a
 * request, and always ends alike: devices come back with the same one.
 */
export class KnownClients {
  /** Oldest use first. */
  readonly #clients = new Map<string, OtaClient | undefined>();

  /** `identify` is asked for what has not been seen, or not for long. */
  clientOf(certificate: Buffer, identify: () => OtaClient | undefined): OtaClient | undefined {
    const key = certificate.toString('latin1');
    const client = this.#clients.has(key) ? this.#clients.get(key) : identify();
    this.#clients.delete(key);
    this.#clients.set(key, client);
    const [oldest] = this.#clients.keys();
    if (this.#clients.size > MAX_KNOWN && oldest !== undefined) this.#clients.delete(oldest);
    return client;
  }
}
