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
    mayPublish: (peer, topic) => allows('write', peer, topic),
    mayReceive: (peer, topic) => allows('read', peer, topic),
  };
}
