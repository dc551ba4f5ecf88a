import { accessRules, OWN_DEVICE_LEVEL, type Protocol, type Role } from '@secure-esp/protocol';

/**
 * The ACL file of one of Mosquitto's listeners, derived from the contract; what is not listed is denied.
 *
 * Every line is a `pattern`, because plain `topic` lines before any `user` line apply to anonymous clients only. `%u` is the
 * user name, which `use_identity_as_username` takes from the certificate's CN. Mosquitto warns at its start about every line
 * without `%u` or `%c`; those lines are meant for every client of the listener.
 */
export function toMosquittoAcl(protocol: Protocol, role: Role): string {
  const lines = accessRules(protocol)
    .filter((rule) => rule.role === role)
    .map(({ access, filter }) => `pattern ${access} ${filter.replace(OWN_DEVICE_LEVEL, '%u')}`);
  return [
    `# Access of ${role}s: contract ${protocol.name} ${protocol.version} (${protocol.contractHash}) below ${protocol.root}`,
    ...new Set(lines),
    '',
  ].join('\n');
}
