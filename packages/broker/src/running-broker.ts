import type { Peer } from './permissions.js';

/** A broker that accepts connections on all its listeners. */
export interface RunningBroker {
  readonly kind: 'embedded' | 'mosquitto';
  /** Address that the listeners are bound to. */
  readonly host: string;
  /** Port of the listener that trusts the operators' CA. */
  readonly operatorPort: number;
  /** Port of the listener that trusts the devices' CA. */
  readonly devicePort: number;
  /** Port of the operators' listener for MQTT over WebSocket (`wss://host:port/mqtt`), if there is one. */
  readonly websocketPort: number | undefined;
  /** Resolves once the broker has ended: with `undefined` after `close()`, else with the error that ended it. */
  readonly exited: Promise<Error | undefined>;
  /** Ends all connections, then the listeners. Safe to call twice. */
  close(): Promise<void>;
  /** As {@link RunningBroker.close}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
  /**
   * Ends the open connections that were made with a certificate of this role and name, and tells how many there were.
   * Whoever is still accepted comes back: revoke first. `disconnectByTakeover` does it for devices at any broker.
   */
  disconnect(peer: Peer): Promise<number>;
}
