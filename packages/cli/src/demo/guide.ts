import { relative } from 'node:path';
import { print, type CliContext } from '../context.js';
import type { DemoOptions, House } from './house.js';

/** The same facts for a program: the last line of `--json`, until Ctrl-C. */
export const whatRuns = ({ broker, otaPort, devices, images }: House, { dir }: DemoOptions): object => ({
  type: 'running',
  broker: { kind: broker.kind, operatorPort: broker.operatorPort, devicePort: broker.devicePort },
  ota: { url: `https://localhost:${otaPort}/secure_esp.bin` },
  devices,
  version: images.offeredVersion,
  dir,
});

/** What runs where, and commands to paste into another terminal. */
export function printGuide(context: CliContext, house: House, options: DemoOptions & { once?: true }): void {
  const { broker, otaPort, tree, devices, images } = house;
  const path = (file: string): string => quoted(relative(context.cwd, file));
  const { operator } = tree;
  const dir = options.dir === '.secure-esp' ? '' : ` --dir ${quoted(options.dir)}`;
  const mqtt = `-h localhost -p ${broker.operatorPort} --cafile ${path(operator.caPath)} --cert ${path(operator.certPath)} --key ${path(operator.keyPath)}`;
  const url = broker.operatorPort === 8883 ? '' : ` --url mqtts://localhost:${broker.operatorPort}`;
  const [first = ''] = devices;
  print(context);
  print(context, `${devices.length} device(s) confirmed ${images.offeredVersion}.`);
  if (options.once === true) return;
  print(
    context,
    `
Running now:
  MQTT broker (${broker.kind})   mqtts://localhost:${broker.operatorPort} operators, mqtts://localhost:${broker.devicePort} devices
  update server            https://localhost:${otaPort}/secure_esp.bin
  virtual ESP32s           ${devices.join(', ')}
  certificates and keys    ${options.dir}/

Try in another terminal:
  npx secure-esp device watch${dir}${url}
  npx secure-esp device send ${first} update/interval 600${dir}${url}
  mosquitto_sub -t /esp/log ${mqtt}
  mosquitto_pub -t /esp/update/interval -m 10000 ${mqtt}
  mosquitto_pub -t /esp/restart -m "" ${mqtt}
  curl --cacert ${path(operator.caPath)} --cert ${path(operator.certPath)} --key ${path(operator.keyPath)} -o secure_esp.bin https://localhost:${otaPort}/secure_esp.bin

Ctrl-C stops everything.`,
  );
}

/** Quoted for a shell where needed. */
const quoted = (text: string): string => (/^[\w./@:-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);
