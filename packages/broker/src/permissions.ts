import { accessRules, matchesFilter, type Protocol, type Role } from '@secure-esp/protocol';

/** Who is at the other end of a connection: the listener gave the role, the certificate the name. */
export interface Peer {
  readonly role: Role;
  /** CN of the client certificate. For a device also its id and its only client id. */
  readonly commonName: string;
}

/** The contract's ACL, ready to be asked. */
export interface Permissions {
  mayPublish(peer: Peer, topic: string): boolean;
  mayReceive(peer: Peer, topic: string): boolean;
}

/**
 * No topic name has these (MQTT 5, sections 1.5.4 and 4.7.1). Where a rule has `+`, any level fits, these too; but whoever
 * is sent such a name ends the connection, and again at every subscription if it is retained. aedes 2.0.0-beta.1 does not
 * look for wildcards in the topic of a last will, nor for U+0000 anywhere.
 */
const NOT_IN_A_NAME = /[+#\0]/;

/** What is not listed in the contract's access rules is denied, `$SYS` and wildcards included. */
export function permissionsOf(protocol: Protocol): Permissions {
  const rules = accessRules(protocol);
  const filtersOf = (access: 'read' | 'write', role: Role) =>
    rules
      .filter((rule) => rule.role === role && (rule.access === access || rule.access === 'readwrite'))
      .map((rule) => rule.filter);
  const filters = {
    read: { operator: filtersOf('read', 'operator'), device: filtersOf('read', 'device') },
    write: { operator: filtersOf('write', 'operator'), device: filtersOf('write', 'device') },
  };
  const allows = (access: 'read' | 'write', { role, commonName }: Peer, topic: string) =>
    filters[access][role].some((filter) => matchesFilter(filter, topic, role === 'device' ? commonName : undefined));
  return {
    mayPublish: (peer, topic) => !NOT_IN_A_NAME.test(topic) && allows('write', peer, topic),
    mayReceive: (peer, topic) => allows('read', peer, topic),
  };
}
