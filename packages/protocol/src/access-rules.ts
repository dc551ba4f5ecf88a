import type { Protocol } from './define-protocol.js';
import type { Scope } from './topic-definition.js';
import { parameterOf } from './topic-grammar.js';

/** Who a broker's listener lets in. */
export type Role = 'operator' | 'device';

/**
 * One permission. `filter` is an MQTT topic filter; for devices the level `{device}` stands for the client's own id
 * (its certificate's CN), so that no device can name another.
 */
export interface AccessRule {
  readonly role: Role;
  readonly access: 'read' | 'write' | 'readwrite';
  readonly filter: string;
}

/** Stands for the client's own id in a device's {@link AccessRule.filter}. */
export const OWN_DEVICE_LEVEL = '{device}';

/** Where operators may try a connection, as the getting-started instructions do. */
export const CONNECTION_TEST_TOPIC = '/test';

/**
 * The broker's whole ACL, derived from the contract: what is not listed is denied.
 * Devices read commands (broadcast and their own) and write their own events. Operators read and write commands, read
 * events, and may write retained events, because clearing a decommissioned device's retained topics is their job.
 */
export function accessRules(protocol: Protocol): readonly AccessRule[] {
  const rules: AccessRule[] = [];
  for (const [leaf, topic] of Object.entries(protocol.topics)) {
    for (const scope of topic.scopes) {
      const operatorAccess = topic.direction === 'command' || topic.retain ? 'readwrite' : 'read';
      rules.push({ role: 'operator', access: operatorAccess, filter: filterOf(protocol.root, scope, leaf, '+') });
      const deviceAccess = topic.direction === 'command' ? 'read' : 'write';
      rules.push({
        role: 'device',
        access: deviceAccess,
        filter: filterOf(protocol.root, scope, leaf, OWN_DEVICE_LEVEL),
      });
    }
  }
  rules.push({ role: 'operator', access: 'readwrite', filter: CONNECTION_TEST_TOPIC });
  return rules;
}

function filterOf(root: string, scope: Scope, leaf: string, device: string): string {
  const levels = leaf.split('/').map((level) => (parameterOf(level) === undefined ? level : '+'));
  return [root, ...(scope === 'device' ? ['devices', device] : []), ...levels].join('/');
}

/** True if a concrete topic matches a filter of {@link accessRules}; `device` replaces `{device}`. */
export function matchesFilter(filter: string, topic: string, device?: string): boolean {
  const expected = filter.split('/');
  const levels = topic.split('/');
  return (
    expected.length === levels.length &&
    expected.every((level, index) => level === '+' || (level === OWN_DEVICE_LEVEL ? device : level) === levels[index])
  );
}
