// The other end of the round trips, a process of its own: answers every command of one device with {"ok":true}.
// Standard input has { url, ca, cert, key, id, status } as JSON; "ready" is printed when it listens. Ends with its input.
import mqtt from 'mqtt';
import { text } from 'node:stream/consumers';

const { url, ca, cert, key, id, status } = JSON.parse(await text(process.stdin));
const own = `/esp/devices/${id}`;
const client = await mqtt.connectAsync(url, { ca, cert, key, clientId: id, protocolVersion: 5, clean: true });
client.on('message', (_topic, _payload, { properties: { responseTopic, correlationData } = {} }) => {
  if (responseTopic !== undefined) {
    client.publish(responseTopic, '{"ok":true}', { qos: 1, properties: { correlationData } });
  }
});
// Or its reply waits for the acknowledgement of the PUBACK before it.
client.stream.setNoDelay(true);
await client.subscribeAsync(`${own}/update/interval`, { qos: 1, rh: 2 });
await client.publishAsync(`${own}/status`, status, { qos: 1, retain: true });
console.log('ready');
process.once('SIGTERM', () => client.end(true, () => process.exit()));
