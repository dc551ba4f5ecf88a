import type { Role } from '@secure-esp/protocol';

/** A client was accepted. `identity` is the certificate's CN. */
export interface ClientConnected {
  readonly type: 'connected';
  readonly role: Role;
  readonly clientId: string;
  readonly identity: string;
}

/** A client that had been accepted is gone. */
export interface ClientDisconnected {
  readonly type: 'disconnected';
  readonly role: Role;
  readonly clientId: string;
}

/** Something was refused. Of Mosquitto's refusals only those of connections before CONNECT are known, by their reason alone. */
export interface ActionDenied {
  readonly type: 'denied';
  readonly action: 'connect' | 'publish';
  /** One sentence, for logs. */
  readonly reason: string;
  /** Of the listener; undefined where it is not known. */
  readonly role?: Role;
  readonly clientId?: string;
  readonly topic?: string;
}

/** What a broker tells for the log. Never payloads, never certificates. */
export type BrokerEvent = ClientConnected | ClientDisconnected | ActionDenied;
