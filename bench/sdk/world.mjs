// Mosquitto with the contract's rules, one answering device, and the certificates for both contestants.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { startMosquitto } from '@secure-esp/broker';
import { initPki } from '@secure-esp/pki';
import { secureEspV1 } from '@secure-esp/protocol';

const CACHE = join(import.meta.dirname, '../.cache');
export const DEVICE = 'esp-001';

/** What a device says of itself when it is online. */
export const STATUS = JSON.stringify({
  ...{ online: true, project: 'secure_esp', version: '1.0.0', chip: 'esp32', bootId: 1, resetReason: 'power_on' },
  ...{ protocol: 1, contract: secureEspV1.contractHash.slice(0, 16) },
});

/** { url, tls: { ca, cert, key } of an operator, stop } */
export async function startWorld() {
  mkdirSync(CACHE, { recursive: true });
  const folder = mkdtempSync(join(CACHE, 'sdk-'));
  const tree = await initPki({ dir: join(folder, 'pki'), devices: [DEVICE] });
  const { paths } = tree;
  const broker = await startMosquitto({
    dir: join(folder, 'mosquitto'),
    operatorPort: 0,
    devicePort: 0,
    tls: {
      certPath: paths.brokerCert,
      keyPath: paths.brokerKey,
      operatorCaPath: paths.caCert,
      deviceCaPath: paths.deviceCaCert,
    },
  });
  const device = spawn(process.execPath, [join(import.meta.dirname, 'device.mjs')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const { ca, cert, key } = await tree.device(DEVICE);
  const url = `mqtts://localhost:${broker.devicePort}`;
  device.stdin.end(JSON.stringify({ url, ca, cert, key, id: DEVICE, status: STATUS }));
  const ended = once(device, 'close');
  const stop = async () => {
    device.kill();
    await ended;
    await broker.close();
    rmSync(folder, { recursive: true, force: true });
  };
  const ready = await Promise.race([once(device.stdout, 'data').then(() => true), ended.then(() => false)]);
  if (!ready) {
    await stop();
    throw new Error('the device did not start');
  }
  return {
    url: `mqtts://localhost:${broker.operatorPort}`,
    tls: { ca: tree.operator.ca, cert: tree.operator.cert, key: tree.operator.key },
    stop,
  };
}
