import { mayPublish, type Identity } from './acl-policy.js';
import { CLIENTS, connectAs, nameOf, type AclSession } from './acl-session.js';
import { BROKER_TOPICS, topicNames, wildcardNames } from './acl-topics.js';

/** Every client dies with a will on every topic: retained with a text, and retained without one (that clears). */
export async function willMatrix(session: AclSession): Promise<void> {
  const { protocol, broker, cases } = session;
  const named = topicNames(protocol);
  const topics = [...named, ...BROKER_TOPICS, ...wildcardNames(protocol)];

  const text = (identity: Identity, topic: string): string => `will of ${nameOf(identity)}: ${topic}`;
  broker.insider.texts();
  await Promise.all(CLIENTS.map((identity) => dieOften(session, identity, topics, (topic) => text(identity, topic))));
  const published = broker.insider.texts();
  const retained = new Set((await broker.insider.retained()).values());
  for (const identity of CLIENTS) {
    for (const topic of topics) {
      const stored = retained.has(text(identity, topic));
      const delivered = published.has(text(identity, topic));
      cases.record(
        `will, ${nameOf(identity)}: ${topic}`,
        mayPublish(protocol, identity, topic) ? 'delivered' : 'nothing',
        delivered ? 'delivered' : stored ? 'retained' : 'nothing',
      );
    }
  }

  for (const identity of CLIENTS.filter((_, index) => index % 2 === 0)) {
    for (const topic of named) await broker.insider.publish(topic, 'to be cleared', { retain: true });
    await dieOften(session, identity, named, () => '');
    const left = await broker.insider.retained();
    for (const topic of named) {
      const key = `will, ${nameOf(identity)}, clearing what is retained: ${topic}`;
      cases.record(
        key,
        mayPublish(protocol, identity, topic) ? 'cleared' : 'kept',
        left.has(topic) ? 'kept' : 'cleared',
      );
    }
  }
}

/** One connection after the other with the same client id, each ending without a DISCONNECT. */
async function dieOften(
  session: AclSession,
  identity: Identity,
  topics: readonly string[],
  text: (topic: string) => string,
): Promise<void> {
  for (const topic of topics) {
    const will = { topic, payload: Buffer.from(text(topic)), qos: 1 as const, retain: true };
    const client = await connectAs(session, identity, { will }).catch((error: unknown) => {
      // Mosquitto does not accept a will whose topic is no name.
      if (/[+#]/.test(topic)) return undefined;
      throw error;
    });
    await client?.crash();
  }
  // CONNACK comes after the will of the connection before (MQTT 5, section 3.1.4), and the barrier after CONNACK.
  const client = await connectAs(session, identity);
  const allowed = topics.find((topic) => mayPublish(session.protocol, identity, topic));
  if (allowed === undefined) throw new Error(`${nameOf(identity)} may publish nothing`);
  const barrier = `the last will of ${nameOf(identity)} is out ${text(allowed)}`;
  await client.publish(allowed, barrier);
  await session.broker.insider.receive(barrier);
  await client.end();
}
