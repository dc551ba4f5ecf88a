import { connect, type ConnectionOptions } from 'node:tls';
import mqttPacket, { type Packet } from 'mqtt-packet';
import type { Credentials } from '@secure-esp/pki';
import { withDeadline } from './acl-client.js';
import { mayPublish, type Identity } from './acl-policy.js';
import type { AclSession } from './acl-session.js';
import { topicNames } from './acl-topics.js';

/** Somebody whom a listener must not let in, with the certificate they show. */
export interface Refused {
  readonly name: string;
  readonly listener: 'operators' | 'devices';
  readonly credentials?: Pick<Credentials, 'cert' | 'key'>;
}

/**
 * With TLS 1.3 a client may send before the server has seen its certificate. Each of these sends everything at once: CONNECT
 * with a will, a subscription to everything, and a retained message to every topic.
 */
export async function refusedMatrix(session: AclSession, everybody: readonly Refused[]): Promise<void> {
  const { protocol, broker, pki, cases } = session;
  const topics = topicNames(protocol);
  const text = (who: Refused, topic: string): string => `${who.name} at the ${who.listener}' listener: ${topic}`;
  broker.insider.texts();
  const answers = new Map<Refused, number>();
  for (const who of everybody) {
    const port = who.listener === 'operators' ? broker.operatorPort : broker.devicePort;
    const options = { host: '127.0.0.1', port, ca: pki.ca, ...who.credentials };
    const publishes = topics.map((topic) => publishPacket(topic, text(who, topic)));
    const subscriptions = [{ topic: '#', qos: 0 as const, nl: false, rap: false, rh: 0 }];
    const subscribe: Packet = { cmd: 'subscribe', messageId: 1, subscriptions };
    const bytes = await sendAll(options, [connectPacket(topics[0] ?? '', 'will'), subscribe, ...publishes]);
    answers.set(who, bytes);
  }
  // Somebody who is let in is answered and heard by the same means.
  const identity: Identity = { role: 'device', id: 'dev-1' };
  const own = topics.find((topic) => mayPublish(protocol, identity, topic)) ?? '';
  const device = { host: '127.0.0.1', port: broker.devicePort, ca: pki.ca, ...session.devices.get(identity.id) };
  const packets: Packet[] = [connectPacket(own, 'unused'), publishPacket(own, 'let in'), { cmd: 'disconnect' }];
  const answer = await sendAll(device, packets);

  // Behind all of them, on the same way to the insider: the connections above are closed.
  await broker.insider.publish('insider', 'all refused');
  await broker.insider.receive('all refused');
  const seen = broker.insider.texts();
  const retained = new Set((await broker.insider.retained()).values());
  const heard = `${answer > 0 ? 'answered' : 'not answered'}, ${seen.has('let in') ? 'heard' : 'not heard'}`;
  cases.record('refused, but not a device at its listener', 'answered, heard', heard);
  for (const who of everybody) {
    const bytes = answers.get(who) ?? 0;
    const key = `refused, ${who.name} at the ${who.listener}' listener`;
    cases.record(`${key}, receive from #`, 'refused', bytes === 0 ? 'refused' : `${bytes} bytes of answer`);
    for (const topic of topics) {
      const got = seen.has(text(who, topic)) || retained.has(text(who, topic));
      cases.record(`${key}, publish ${topic}`, 'refused', got ? 'delivered' : 'refused');
    }
    cases.record(`${key}, will`, 'refused', seen.has('will') ? 'delivered' : 'refused');
  }
}

const publishPacket = (topic: string, payload: string): Packet => ({
  ...{ cmd: 'publish', topic, payload, qos: 0, retain: true, dup: false },
});

const connectPacket = (topic: string, text: string): Packet => ({
  ...{ cmd: 'connect', protocolId: 'MQTT', protocolVersion: 5, clean: true, clientId: 'dev-1', keepalive: 60 },
  will: { topic, payload: Buffer.from(text), qos: 0, retain: true },
});

/** Resolves, once the connection is closed, with the number of bytes that came back in clear. */
async function sendAll(options: ConnectionOptions, packets: readonly Packet[]): Promise<number> {
  let bytes = 0;
  const socket = connect(options);
  socket.on('data', (data: Buffer) => (bytes += data.length));
  socket.on('error', () => undefined); // the alert; what counts is that it ends
  socket.on('secureConnect', () => {
    socket.write(Buffer.concat(packets.map((packet) => mqttPacket.generate(packet, { protocolVersion: 5 }))));
  });
  await withDeadline(new Promise((resolve) => socket.once('close', resolve)), 'a refused connection closes');
  return bytes;
}
