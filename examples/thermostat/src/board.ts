// Stands in for the board: MQTT 5 and a room that gets warmer and colder, around the firmware's own C through a pipe.
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { connect } from 'mqtt';
import { topicOf, type TopicValue } from '@secure-esp/protocol';
import { thermostat } from './protocol.js';

const TICK_MS = 100;
const START_TENTHS = 180;
/** The firmware's buffer. What does not fit is too long for every command, with its end or without. */
const PAYLOAD_BYTES = 1024;

const device = process.argv[2] ?? 'esp-001';
const files = `.secure-esp/devices/${device}`;
const read = (file: string): Promise<Buffer> => readFile(`${files}/${file}`);
const topic = (leaf: 'app/setpoint' | 'app/mode' | 'app/climate' | 'status'): string =>
  topicOf(thermostat, leaf, { scope: 'device', device });
const status = (value: TopicValue<typeof thermostat, 'status'>): Buffer =>
  Buffer.from(thermostat.codecs.status.encode(value));

// as on a chip: no environment
const firmware = spawn('build/thermostat', { stdio: ['pipe', 'pipe', 'inherit'], env: {} });
const client = connect('mqtts://localhost:8884', {
  protocolVersion: 5,
  clientId: device,
  ca: await read('ca.crt'),
  cert: await read('client.crt'),
  key: await read('client.key'),
  will: { topic: topic('status'), payload: status({ online: false }), qos: 1, retain: true },
});

client.on('connect', () => {
  const commands = [topic('app/setpoint'), topic('app/mode'), topicOf(thermostat, 'app/mode', { scope: 'all' })];
  // rh 2: what somebody retained is no command
  client.subscribe(commands, { qos: 1, rh: 2 }, () => {
    const about = {
      project: 'thermostat',
      version: '1.0.0',
      chip: 'host',
      resetReason: 'power_on',
      bootId: 1,
    } as const;
    const contract = { protocol: thermostat.version, contract: thermostat.contractHash };
    client.publish(topic('status'), status({ online: true, ...about, ...contract }), { qos: 1, retain: true });
    console.log(`${device} is online`);
  });
});

/** Where the replies go that the firmware has still to write, in the order of the commands. */
const asked: { readonly to: string | undefined; readonly correlationData: Buffer | undefined }[] = [];
client.on('message', (name, payload, { retain, properties }) => {
  if (retain) return;
  asked.push({ to: properties?.responseTopic, correlationData: properties?.correlationData });
  firmware.stdin.write(`command ${name} ${payload.toString('hex', 0, PAYLOAD_BYTES)}\n`);
});

let climate: TopicValue<typeof thermostat, 'app/climate'> | undefined;
let published = '';
createInterface({ input: firmware.stdout }).on('line', (line) => {
  const [kind, json = ''] = line.split(/ (.*)/);
  if (kind === 'reply') {
    const { to, correlationData } = asked.shift() ?? {};
    if (to !== undefined)
      client.publish(to, json, { qos: 1, properties: { ...(correlationData && { correlationData }) } });
    return;
  }
  const decoded = thermostat.codecs['app/climate'].decode(Buffer.from(json));
  if (!decoded.ok || json === published) return;
  published = json;
  climate = decoded.value;
  client.publish(topic('app/climate'), json, { qos: 1, retain: true });
});

// The room: a tenth of a degree a tick, while the relay is on.
let tenths = START_TENTHS;
const room = setInterval(() => {
  if (climate?.action === 'heating') tenths += 1;
  if (climate?.action === 'cooling') tenths -= 1;
  firmware.stdin.write(`temperature ${String(tenths)}\n`);
}, TICK_MS);

const end = (): void => {
  clearInterval(room);
  firmware.stdin.end();
  if (!client.connected) client.end();
  else client.publish(topic('status'), status({ online: false }), { qos: 1, retain: true }, () => client.end());
};
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, end);
firmware.once('close', (code) => {
  if (code === 0) return;
  process.exitCode = 1;
  end();
});
