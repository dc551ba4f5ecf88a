// Follows the status and the log of many devices and tells what that holds of the heap; node --expose-gc. Standard input has
// { who: 'ours' | 'bare', url, tls, ids } as JSON. The status of every device is retained at the broker.
import { text } from 'node:stream/consumers';
import { connect } from '@secure-esp/device-client';
import mqtt from 'mqtt';

const { who, url, tls, ids } = JSON.parse(await text(process.stdin));

/** Bytes of the heap and of buffers, after collections that leave nothing to collect. */
async function held() {
  for (let round = 0; round < 5; round++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    globalThis.gc();
  }
  const { heapUsed, external } = process.memoryUsage();
  return { heap: heapUsed, external };
}

const seen = new Map();

async function followOurs() {
  const client = await connect({ url, tls });
  const follow = async (id) => {
    const stream = client.device(id).watch({ types: ['status', 'log'] });
    await stream.ready;
    void (async () => {
      for await (const event of stream) if (event.type === 'status') seen.set(id, event.value);
    })();
  };
  return { follow, close: () => client.close() };
}

async function followBare() {
  const client = await mqtt.connectAsync(url, { ca: tls.ca, cert: tls.cert, key: tls.key, protocolVersion: 5 });
  const handlers = new Map();
  client.on('message', (topic, payload) => handlers.get(topic)?.(payload));
  const follow = async (id) => {
    handlers.set(`/esp/devices/${id}/status`, (payload) => seen.set(id, JSON.parse(payload.toString())));
    handlers.set(`/esp/devices/${id}/log`, () => undefined);
    await client.subscribeAsync([`/esp/devices/${id}/status`, `/esp/devices/${id}/log`], { qos: 1 });
  };
  return { follow, close: () => client.endAsync() };
}

const { follow, close } = await { ours: followOurs, bare: followBare }[who]();
// One beyond the number, so that what is made once is there before.
const [first, ...rest] = ids;
await follow(first);
const before = await held();
await Promise.all(rest.map(follow));
const endMs = Date.now() + 30_000;
while (seen.size < ids.length && Date.now() < endMs) await new Promise((resolve) => setTimeout(resolve, 20));
const after = await held();
await close();
console.log(
  JSON.stringify({
    seen: seen.size,
    heapBytesPerDevice: (after.heap - before.heap) / rest.length,
    externalBytesPerDevice: (after.external - before.external) / rest.length,
  }),
);
