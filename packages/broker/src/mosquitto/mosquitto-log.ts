import type { Role } from '@secure-esp/protocol';
import type { BrokerEvent } from '../events.js';

const NEW_SOCKET = /New connection from (\S+) on port (\d+)\.$/;
const CONNECTED = /New client connected from (\S+) as (.+) \(p\d+, c\d+, k\d+(?:, u'(.*)')?\)\.$/;
const ENDED = /Client (.+?) (?:disconnected|closed its connection|has exceeded timeout|already connected)\b/;
const REFUSED = [
  /OpenSSL Error\[\d+\]: error:[0-9A-F]+:[^:]*:[^:]*:(.*(?:certificate|alert).*)$/,
  /Client connection from \S+ denied: (.+)\.$/,
];
/** Addresses that connected and were not accepted (yet): a bound on what strangers can make us remember. */
const MAX_ADDRESSES = 1_000;

/**
 * Turns Mosquitto 2.0's log into events. It names addresses and client ids but no roles, so the reader remembers which
 * listener an address came to and which role a client id has. Lines it does not know mean nothing to it.
 */
export function createLogReader(roleOfPort: (port: number) => Role | undefined): (line: string) => BrokerEvent[] {
  const roleOfAddress = new Map<string, Role>();
  const roleOfClient = new Map<string, Role>();

  return (line) => {
    const [, from, port] = NEW_SOCKET.exec(line) ?? [];
    if (from !== undefined) {
      const role = roleOfPort(Number(port));
      if (role !== undefined) roleOfAddress.set(from, role);
      const [oldest] = roleOfAddress.keys();
      if (roleOfAddress.size > MAX_ADDRESSES && oldest !== undefined) roleOfAddress.delete(oldest);
      return [];
    }
    const [, address, clientId, identity] = CONNECTED.exec(line) ?? [];
    if (address !== undefined && clientId !== undefined) {
      const role = roleOfAddress.get(address);
      roleOfAddress.delete(address);
      if (role === undefined) return [];
      roleOfClient.set(clientId, role);
      return [{ type: 'connected', role, clientId, identity: identity ?? '' }];
    }
    const [, reason] = REFUSED.map((refused) => refused.exec(line)).find((found) => found !== null) ?? [];
    if (reason !== undefined) return [{ type: 'denied', action: 'connect', reason }];
    const [, ended] = ENDED.exec(line) ?? [];
    const role = ended === undefined ? undefined : roleOfClient.get(ended);
    if (ended === undefined || role === undefined) return [];
    roleOfClient.delete(ended);
    return [{ type: 'disconnected', role, clientId: ended }];
  };
}
