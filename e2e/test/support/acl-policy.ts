import type { Protocol, Scope, TopicDefinition } from '@secure-esp/protocol';

/** Somebody whom a listener let in. The listener gave the role, the certificate the device's id. */
export type Identity =
  { readonly role: 'device'; readonly id: string } | { readonly role: 'operator'; readonly clientId: string };

/** Where operators try a connection. The only topic outside the contract's root. */
export const TEST_TOPIC = '/test';

/** What a concrete topic is in the contract. */
interface Meaning {
  readonly definition: TopicDefinition;
  readonly scope: Scope;
  /** Level that names the device, in scope `device`. */
  readonly device: string | undefined;
}

/**
 * The policy in words, stated a second time and on purpose not with the rules that the brokers were given:
 *
 * - Commands go from operators to devices: operators write them; a device hears those to all and those to itself.
 * - Events go from a device to operators: a device writes those of its own and the common ones; operators hear all.
 * - Operators may also write events that are retained, because forgetting a device means clearing them.
 * - Operators hear each other's commands and replies; a reply is told from a forged one by its correlation data.
 * - Operators, and only they, use `/test`. Whatever else there is, `$SYS` included, is nobody's.
 *
 * An ACL knows levels, not their characters: any one level may stand for a device or for `{client}`.
 */
export function mayPublish(protocol: Protocol, identity: Identity, topic: string): boolean {
  if (/[+#]/.test(topic)) return false; // not a topic name
  if (identity.role === 'operator') {
    return (
      topic === TEST_TOPIC ||
      meaningsOf(protocol, topic).some(({ definition }) => definition.direction === 'command' || definition.retain)
    );
  }
  return meaningsOf(protocol, topic).some(
    ({ definition, ...where }) => definition.direction === 'event' && isFor(identity.id, where),
  );
}

/** Whether a message on this topic may reach the client, whatever it subscribed to. */
export function mayReceive(protocol: Protocol, identity: Identity, topic: string): boolean {
  if (identity.role === 'operator') return topic === TEST_TOPIC || meaningsOf(protocol, topic).length > 0;
  return meaningsOf(protocol, topic).some(
    ({ definition, ...where }) => definition.direction === 'command' && isFor(identity.id, where),
  );
}

/** Common to all devices, or of this one. */
const isFor = (id: string, { scope, device }: Pick<Meaning, 'scope' | 'device'>): boolean =>
  scope === 'all' || device === id;

function meaningsOf(protocol: Protocol, topic: string): Meaning[] {
  const prefix = `${protocol.root}/`;
  if (!topic.startsWith(prefix)) return [];
  const rest = topic.slice(prefix.length);
  const [, device, leafOfDevice] = /^devices\/([^/]*)\/(.*)$/.exec(rest) ?? [];
  const scope: Scope = device === undefined ? 'all' : 'device';
  const spelled = leafOfDevice ?? rest;
  return Object.entries(protocol.topics)
    .filter(([leaf, definition]) => definition.scopes.includes(scope) && isSpelled(leaf, spelled))
    .map(([, definition]) => ({ definition, scope, device }));
}

/** Leaves are of `[A-Za-z0-9_-]`, so only the parameter is a pattern. */
const isSpelled = (leaf: string, spelled: string): boolean =>
  new RegExp(`^${leaf.replace('{client}', '[^/]*')}$`).test(spelled);
