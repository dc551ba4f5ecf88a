import type { AedesOptions, AedesPublishPacket, Client, Connection, PublishPacket } from 'aedes';
import type { ActionDenied, BrokerEvent } from '../events.js';
import type { Peer, Permissions } from '../permissions.js';

/**
 * Where a denied message of an MQTT 3.1.1 client goes. That version has no reason codes: Mosquitto acknowledges and drops,
 * aedes would close the connection. Nobody can receive it, because no access rule names this topic.
 */
export const DISCARDED = '$discarded';

type Hooks = Required<
  Pick<AedesOptions, 'authenticate' | 'authorizePublish' | 'authorizeSubscribe' | 'authorizeForward'>
>;

/** The contract's rules as aedes hooks. `peerOf` knows who is behind a connection. */
export function createHooks(options: {
  permissions: Permissions;
  peerOf: (connection: Connection) => Peer | undefined;
  onEvent: (event: BrokerEvent) => void;
}): Hooks {
  const { permissions, peerOf, onEvent } = options;

  const deny = (peer: Peer, denied: Omit<ActionDenied, 'type' | 'role'>) => {
    onEvent({ type: 'denied', role: peer.role, ...denied });
  };

  return {
    // `false` is answered with CONNACK 135 (5 in MQTT 3.1.1): not authorized.
    authenticate(client, _username, _password, done) {
      const peer = peerOf(client.conn);
      if (peer === undefined) {
        done(null, false);
        return;
      }
      if (peer.role === 'device' && client.id !== peer.commonName) {
        const reason = "the client id must be the certificate's CN";
        deny(peer, { action: 'connect', reason, clientId: client.id });
        done(null, false);
        return;
      }
      done(null, true);
    },

    // Also asked for last wills, once they are due; a denied one is dropped.
    authorizePublish(client, packet, done) {
      const peer = client === null ? undefined : peerOf(client.conn);
      if (client === null || peer === undefined) {
        done(new Error('no identity'));
        return;
      }
      if (permissions.mayPublish(peer, packet.topic)) {
        done(null);
        return;
      }
      const reason = 'not allowed by the contract';
      deny(peer, { action: 'publish', reason, clientId: client.id, topic: packet.topic });
      if (client.version === 5) {
        done(new Error(reason));
        return;
      }
      discard(packet);
      done(null);
    },

    // Granted whatever it is, as Mosquitto does: the ACL decides at delivery.
    authorizeSubscribe(_client, subscription, done) {
      done(null, subscription);
    },

    authorizeForward(client: Client, packet: AedesPublishPacket) {
      const peer = peerOf(client.conn);
      return peer !== undefined && permissions.mayReceive(peer, packet.topic) ? packet : null;
    },
  };
}

function discard(packet: PublishPacket): void {
  packet.topic = DISCARDED;
  packet.payload = Buffer.alloc(0);
  packet.retain = false;
}
