// operator.js DEVICE setpoint 21.5 | mode heat | watch
import { connect, isCommandError, isDeviceClientError } from '@secure-esp/device-client';
import { openPki } from '@secure-esp/pki';
import { thermostat } from './protocol.js';

const MODES = ['off', 'heat', 'cool', 'auto'] as const;

const [id = '', command = '', value = ''] = process.argv.slice(2);
const ended = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    ended.abort();
  });
}

const { operator } = await openPki('.secure-esp');
const client = await connect({ url: 'mqtts://localhost:8883', tls: operator, protocol: thermostat });
const { signal } = ended;

try {
  const device = client.device(id);
  if (command === 'setpoint') {
    await device.app.setpoint(Number(value), { signal });
    console.log(`${id} shall be at ${value} °C`);
  } else if (command === 'mode') {
    const mode = MODES.find((known) => known === value);
    if (mode === undefined) throw new Error(`mode: one of ${MODES.join(', ')}`);
    await device.app.mode(mode, { signal });
    console.log(`${id} is in mode ${mode}`);
  } else if (command === 'watch') {
    for await (const { temperature, setpoint, mode, action } of device.events('app/climate', { signal })) {
      console.log(`${String(temperature)} °C, to reach ${String(setpoint)} °C: ${mode}, ${action}`);
    }
  } else throw new Error('usage: operator.js DEVICE setpoint 21.5 | mode heat | watch');
} catch (error) {
  if (ended.signal.aborted) process.exitCode = 130;
  else if (isCommandError(error)) console.error(`${id} refuses: ${error.code}, ${error.detail}`);
  else if (isDeviceClientError(error)) console.error(`not done: ${error.code}, ${error.message}`);
  else if (error instanceof Error) console.error(error.message);
  process.exitCode ??= 1;
} finally {
  await client.close();
}
