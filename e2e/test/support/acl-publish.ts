import type { IClientOptions, IClientPublishOptions } from 'mqtt';
import type { AclClient } from './acl-client.js';
import { mayPublish, type Identity } from './acl-policy.js';
import { CLIENTS, connectAs, inLanes, nameOf, type AclSession } from './acl-session.js';
import { BROKER_TOPICS, topicNames } from './acl-topics.js';

/** Fewer at a time than the receive maximum of both brokers. */
const LANES = 15;

interface Mode {
  readonly name: string;
  readonly options: IClientPublishOptions;
  readonly connect?: IClientOptions;
}

const MODES: readonly Mode[] = [
  { name: 'QoS 0', options: { qos: 0 } },
  { name: 'QoS 1', options: { qos: 1 } },
  { name: 'QoS 2', options: { qos: 2 } },
  { name: 'retained', options: { qos: 1, retain: true } },
  { name: 'QoS 1 of MQTT 3.1.1', options: { qos: 1 }, connect: { protocolVersion: 4 } },
];

/** Every publisher sends to every topic in every mode, and clears what is retained there. */
export async function publishMatrix(session: AclSession): Promise<void> {
  const topics = [...topicNames(session.protocol), ...BROKER_TOPICS];
  const witness = await connectAs(session, { role: 'operator', clientId: 'witness' });
  await witness.subscribe(['#', '$SYS/x', '$discarded', '$x/#']);
  for (const identity of CLIENTS) {
    const allowed = topics.find((topic) => mayPublish(session.protocol, identity, topic));
    if (allowed === undefined) throw new Error(`${nameOf(identity)} may publish nothing`);
    for (const mode of MODES) {
      const client = await connectAs(session, identity, mode.connect ?? {});
      await tryMode({ session, identity, client, mode, witness, topics, allowed });
      await client.end();
    }
    const client = await connectAs(session, identity);
    await tryForget({ session, identity, client, topics, allowed });
    await client.end();
  }
  await witness.end();
}

async function tryMode(options: {
  session: AclSession;
  identity: Identity;
  client: AclClient;
  mode: Mode;
  witness: AclClient;
  topics: readonly string[];
  /** A topic that the publisher certainly may use, for the barrier. */
  allowed: string;
}): Promise<void> {
  const { session, identity, client, mode, witness, topics, allowed } = options;
  const { protocol, broker, cases } = session;
  const text = (what: string): string => `${nameOf(identity)}, ${mode.name}: ${what}`;
  const codes = new Map<string, number>();
  broker.insider.texts();
  witness.drain();
  await inLanes(topics, LANES, async (topic) => {
    codes.set(topic, await client.publish(topic, text(topic), mode.options));
  });
  // Sent the same way after all others were acknowledged, so it is behind them.
  const barrier = text('barrier');
  await client.publish(allowed, barrier, { ...mode.options, retain: false });
  await broker.insider.receive(barrier);
  await witness.receive(barrier, (message) => message.text === barrier);

  const accepted = broker.insider.texts();
  const delivered = new Map(witness.drain().map((message) => [message.text, message.topic]));
  const retained = mode.options.retain === true ? await broker.insider.retained() : undefined;
  const hasReason = mode.options.qos !== 0 && mode.connect === undefined;
  for (const topic of topics) {
    const all = ['accepted', 'delivered', ...(retained ? ['retained'] : [])];
    const expected = mayPublish(protocol, identity, topic) ? all.join(' and ') : `nothing${hasReason ? ', 135' : ''}`;
    const happened = [
      ...(accepted.has(text(topic)) ? ['accepted'] : []),
      ...(delivered.get(text(topic)) === topic ? ['delivered'] : []),
      ...(retained?.get(topic) === text(topic) ? ['retained'] : []),
    ];
    const reason = codes.get(topic) === 0 ? '' : `, ${String(codes.get(topic))}`;
    cases.record(`publish, ${text(topic)}`, expected, `${happened.join(' and ') || 'nothing'}${reason}`);
  }
}

async function tryForget(options: {
  session: AclSession;
  identity: Identity;
  client: AclClient;
  topics: readonly string[];
  allowed: string;
}): Promise<void> {
  const { session, identity, client, allowed } = options;
  const { protocol, broker, cases } = session;
  const topics = options.topics.filter((topic) => !topic.startsWith('$'));
  for (const topic of topics) await broker.insider.publish(topic, 'to be cleared', { retain: true });
  const codes = new Map<string, number>();
  await inLanes(topics, LANES, async (topic) => {
    codes.set(topic, await client.publish(topic, '', { qos: 1, retain: true }));
  });
  const barrier = `${nameOf(identity)}, forget: barrier`;
  await client.publish(allowed, barrier, { qos: 1 });
  await broker.insider.receive(barrier);
  const left = await broker.insider.retained();
  for (const topic of topics) {
    const code = codes.get(topic) ?? 0;
    cases.record(
      `publish, ${nameOf(identity)}, clearing what is retained: ${topic}`,
      mayPublish(protocol, identity, topic) ? 'cleared' : 'kept, 135',
      `${left.has(topic) ? 'kept' : 'cleared'}${code === 0 ? '' : `, ${code}`}`,
    );
  }
  for (const topic of left.keys()) await broker.insider.publish(topic, '', { retain: true });
}
