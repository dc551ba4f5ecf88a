// A broker that knows the product's topics: what the contract does not name, nobody may say or hear.
import { startEmbeddedBroker } from '@secure-esp/broker';
import { openPki } from '@secure-esp/pki';
import { thermostat } from './protocol.js';

const { broker: pair, ca, deviceCa } = await openPki('.secure-esp');
const broker = await startEmbeddedBroker({
  protocol: thermostat,
  tls: { cert: pair.cert, key: pair.key, operatorCa: ca, deviceCa },
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void broker.close());
console.log(`operators on ${String(broker.operatorPort)}, devices on ${String(broker.devicePort)}`);
