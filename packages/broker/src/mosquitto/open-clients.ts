import type { BrokerEvent } from '../events.js';
import type { Peer } from '../permissions.js';

/** Whose connections are open, by what a broker told of them. */
export class OpenClients {
  readonly #peers = new Map<string, Peer>();

  on(event: BrokerEvent): void {
    if (event.type === 'connected') this.#peers.set(event.clientId, { role: event.role, commonName: event.identity });
    if (event.type === 'disconnected') this.#peers.delete(event.clientId);
  }

  /** Client ids of the connections that were made with a certificate of this name and role. */
  of({ role, commonName }: Peer): readonly string[] {
    return [...this.#peers]
      .filter(([, peer]) => peer.role === role && peer.commonName === commonName)
      .map(([clientId]) => clientId);
  }

  clear(): void {
    this.#peers.clear();
  }
}
