import type { BrokerKind } from './acl-brokers.js';
import type { AclClient } from './acl-client.js';
import { mayReceive, type Identity } from './acl-policy.js';
import { CLIENTS, connectAs, nameOf, type AclSession } from './acl-session.js';
import { filterMatches, plusMeetsEmptyLevel, topicNames, wideFilters } from './acl-topics.js';

interface Receiver {
  readonly identity: Identity;
  readonly client: AclClient;
}

/** A matrix's topics, and the one of them that everybody may receive: a command to all devices. */
interface Plan {
  readonly session: AclSession;
  /** The barrier's topic is the last one, so what is retained there was stored last. */
  readonly topics: readonly string[];
  readonly barrier: string;
}

/** Every client subscribes, exactly and with wildcards, and somebody whom no rule binds sends to every topic. */
export async function receiveMatrix(session: AclSession): Promise<void> {
  const { protocol, broker } = session;
  const all = topicNames(protocol);
  const barrier = all.find((topic) => CLIENTS.every((identity) => mayReceive(protocol, identity, topic)));
  if (barrier === undefined) throw new Error('the contract has no command to all devices');
  const plan: Plan = { session, topics: [...all.filter((topic) => topic !== barrier), barrier], barrier };

  for (const topic of plan.topics) await broker.insider.publish(topic, `retained ${topic}`, { retain: true });
  const receivers: Receiver[] = [];
  for (const identity of CLIENTS) receivers.push({ identity, client: await connectAs(session, identity) });
  await round(plan, receivers, plan.topics, 'the exact filter');
  for (const filter of wideFilters(protocol)) await round(plan, receivers, [filter], filter);
  for (const { client } of receivers) await client.end();

  for (const topic of plan.topics) await broker.insider.publish(topic, '', { retain: true });
  await queues(plan);
}

/** One SUBSCRIBE of every receiver: what is retained comes first, then what is sent. */
async function round(
  { session, topics, barrier }: Plan,
  receivers: readonly Receiver[],
  wanted: readonly string[],
  name: string,
): Promise<void> {
  const { protocol, broker, cases } = session;
  const mark = `live through ${name}`;
  const retainedBarrier = `retained ${barrier}`;
  const subscribe = async ({ identity, client }: Receiver): Promise<readonly string[]> => {
    client.drain();
    // The barrier's own filter comes last: brokers send what is retained filter by filter.
    const filters = [...wanted.filter((filter) => filter !== barrier), barrier].map((filter) =>
      filter.replace('{group}', `of-${nameOf(identity).replaceAll(' ', '-')}`),
    );
    const codes = await client.subscribe(filters);
    cases.record(
      `subscribe to ${name}, ${nameOf(identity)}`,
      'SUBACK 0',
      `SUBACK ${[...new Set(codes.filter((code) => code !== 0))].join(' ') || '0'}`,
    );
    const copies = filters.filter((filter) => bringsRetained(broker.kind, filter, barrier)).length;
    await client.receive(`${nameOf(identity)}, ${name}`, ({ text }) => text === retainedBarrier, copies);
    return filters;
  };
  const subscribed = await Promise.all(receivers.map(subscribe));
  for (const topic of topics) await broker.insider.publish(topic, mark);
  await broker.insider.publish(barrier, `end of ${mark}`);
  for (const [index, { identity, client }] of receivers.entries()) {
    await client.receive(`${nameOf(identity)}, ${mark}`, ({ text }) => text === `end of ${mark}`);
    const filters = subscribed[index] ?? [];
    const messages = client.drain();
    const live = new Set(messages.filter(({ text }) => text === mark).map(({ topic }) => topic));
    const retained = new Set(
      messages.filter(({ text, topic, retain }) => retain && text === `retained ${topic}`).map(({ topic }) => topic),
    );
    const foreign = messages.filter(({ topic }) => !topics.includes(topic)).map(({ topic }) => topic);
    if (foreign.length > 0) cases.record(`receive ${name}, ${nameOf(identity)}`, 'nothing foreign', foreign.join());

    const [filter = ''] = filters;
    const isShared = filter.startsWith('$share/');
    for (const topic of topics) {
      // Through the barrier's filter the barrier's topic always comes.
      if (filters.length > 1 && wanted.length === 1 && topic === barrier) continue;
      const matches = filters.some((one) => filterMatches(one, topic));
      const may = matches && mayReceive(protocol, identity, topic);
      if (matches || live.has(topic)) {
        cases.record(`receive ${mark}, ${nameOf(identity)}, ${topic}`, outcome(may), outcome(live.has(topic)));
      }
      // MQTT 5, section 4.8.2: what is retained is not sent to a shared subscription. Mosquitto 2.0.11 does; that is no
      // matter of access, as long as it is only what may be received.
      if ((matches || retained.has(topic)) && !(isShared && may)) {
        const key = `receive retained through ${name}, ${nameOf(identity)}, ${topic}`;
        cases.record(key, outcome(may), outcome(retained.has(topic)));
      }
    }
    await client.unsubscribe(filters);
  }
}

/** Messages kept for a client that is away are asked about when it is back. */
async function queues({ session, topics, barrier }: Plan): Promise<void> {
  const { protocol, broker, cases } = session;
  const keep = { clean: false, properties: { sessionExpiryInterval: 600 } };
  for (const identity of CLIENTS) {
    const client = await connectAs(session, identity, keep);
    await client.subscribe(['#'], 1);
    await client.end();
  }
  for (const topic of topics) await broker.insider.publish(topic, `queued ${topic}`, { qos: 1 });
  await broker.insider.publish(barrier, 'end of the queue', { qos: 1 });
  for (const identity of CLIENTS) {
    const client = await connectAs(session, identity, keep);
    await client.receive(`queue of ${nameOf(identity)}`, ({ text }) => text === 'end of the queue');
    const queued = new Set(client.drain().map(({ text }) => text));
    await client.end();
    for (const topic of topics) {
      const key = `receive queued while away, ${nameOf(identity)}, ${topic}`;
      cases.record(key, outcome(mayReceive(protocol, identity, topic)), outcome(queued.has(`queued ${topic}`)));
    }
    const done = await connectAs(session, identity); // a clean start: the session is over
    await done.end();
  }
}

/** How often what is retained on the topic is sent again. With the third of the listed differences. */
function bringsRetained(kind: BrokerKind, filter: string, topic: string): boolean {
  if (filter.startsWith('$share/') || !filterMatches(filter, topic)) return false;
  return kind === 'mosquitto' || !plusMeetsEmptyLevel(filter, topic);
}

const outcome = (delivered: boolean): string => (delivered ? 'delivered' : 'nothing');
