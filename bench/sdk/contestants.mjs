// The same command twice: by the SDK, and by hand with mqtt.js alone. Same MQTT version, TLS, QoS, payload, expiry, response
// topic and correlation data; what the SDK does besides is what is measured.
import { randomBytes } from 'node:crypto';
import { connect } from '@secure-esp/device-client';
import mqtt from 'mqtt';
import { DEVICE } from './world.mjs';

const DEADLINE_MS = 10_000;
const EXPIRY_SECONDS = 10;

/** { name, command(seconds): resolves with the reply, close } */
export async function ours({ url, tls }) {
  const client = await connect({ url, tls });
  const device = client.device(DEVICE);
  return {
    command: (seconds) => device.update.interval(seconds, { deadlineMs: DEADLINE_MS }),
    close: () => client.close(),
  };
}

/** Publish and subscribe, and a map of who waits. No deadline, no check of anything. */
export async function bare({ url, tls }) {
  const client = await mqtt.connectAsync(url, {
    ...{ ca: tls.ca, cert: tls.cert, key: tls.key },
    ...{ protocolVersion: 5, clean: true, clientId: `bare-${randomBytes(8).toString('hex')}` },
  });
  // As the SDK does. Without it, commands one after the other take 44 ms each.
  client.stream.setNoDelay(true);
  const id = randomBytes(16).toString('base64url');
  const waiting = new Map();
  client.on('message', (_topic, payload, { properties }) => {
    const correlation = properties?.correlationData?.toString('hex');
    waiting.get(correlation)?.(JSON.parse(payload.toString()));
    waiting.delete(correlation);
  });
  await client.subscribeAsync(`/esp/devices/+/replies/${id}`, { qos: 1 });
  const topic = `/esp/devices/${DEVICE}/update/interval`;
  const responseTopic = `/esp/devices/${DEVICE}/replies/${id}`;
  return {
    async command(seconds) {
      const correlationData = randomBytes(16);
      const reply = new Promise((resolve) => waiting.set(correlationData.toString('hex'), resolve));
      await client.publishAsync(topic, String(seconds), {
        qos: 1,
        properties: { responseTopic, correlationData, messageExpiryInterval: EXPIRY_SECONDS },
      });
      return reply;
    },
    close: () => client.endAsync(),
  };
}
