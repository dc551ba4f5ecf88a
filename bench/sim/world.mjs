// What a fleet needs around it, each a process of its own: the installed Mosquitto, the update server, and the devices.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildImage, signImage } from '@secure-esp/firmware-image';
import { signerFromPem } from '@secure-esp/firmware-image/node';
import { initPki } from '@secure-esp/pki';
import { cpuSeconds, residentBytes } from '../ota/process-usage.mjs';

const CACHE = join(import.meta.dirname, '../.cache');
const CLI = join(import.meta.dirname, '../../packages/cli/bin/secure-esp.js');

/** Bytes of code in the images. */
const IMAGE_BYTES = 192 * 1024;
const START_LIMIT_MS = 30_000;

/** A `secure-esp` process: what it printed, and what it used. */
export function startCli(args, cwd) {
  const child = spawn(process.execPath, [CLI, ...args], { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  const text = { out: '', err: '' };
  const exited = once(child, 'close').then(([code]) => code);
  child.stdout.on('data', (data) => (text.out += data));
  child.stderr.on('data', (data) => (text.err += data));
  return {
    pid: child.pid,
    text,
    exited,
    usage: () => ({ cpuSeconds: cpuSeconds(child.pid), residentBytes: residentBytes(child.pid) }),
    async until(pattern, limitMs = START_LIMIT_MS) {
      const endMs = Date.now() + limitMs;
      let over = false;
      void exited.then(() => (over = true));
      for (;;) {
        const found = pattern.exec(text.out) ?? pattern.exec(text.err);
        if (found !== null) return found;
        if (over || Date.now() > endMs) {
          throw new Error(
            `secure-esp ${args[0]}: no ${String(pattern)} in\n${text.out.slice(-2000)}${text.err.slice(-2000)}`,
          );
        }
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
    async stop() {
      child.kill('SIGINT');
      return exited;
    },
  };
}

const runCli = async (args, cwd) => {
  const program = startCli(args, cwd);
  if ((await program.exited) !== 0)
    throw new Error(`secure-esp ${args.join(' ')}\n${program.text.out}${program.text.err}`);
};

/** { folder, tree, broker, ota, operatorUrl, deviceUrl, otaUrl, stop } */
export async function startWorld() {
  mkdirSync(CACHE, { recursive: true });
  const folder = mkdtempSync(join(CACHE, 'sim-'));
  const tree = await initPki({ dir: join(folder, '.secure-esp'), hosts: ['localhost'] });
  const signer = signerFromPem(await tree.ensureFirmwareKey('v1-ecdsa-p256'), 'v1-ecdsa-p256');
  for (const version of ['1.0.0', '1.1.0']) {
    const payload = Buffer.alloc(IMAGE_BYTES, version);
    const image = await buildImage({ chip: 'esp32', project: 'secure_esp', version, payload });
    writeFileSync(join(folder, `${version}.bin`), await signImage(image, signer));
  }
  const running = [];
  const stop = async () => {
    for (const program of running.toReversed()) await program.stop();
  };
  const serve = (...args) => {
    const program = startCli(args, folder);
    running.push(program);
    return program;
  };
  try {
    const broker = serve('broker', 'run', '--kind', 'mosquitto', '--operator-port', '0', '--device-port', '0');
    const [, operatorPort, devicePort] = await broker.until(/operators on (\d+), devices on (\d+)/);
    const ota = serve('ota', 'serve', '--port', '0', '--workers', '1', '--log-level', 'warn');
    const [, otaPort] = await ota.until(/update server on https:\/\/[\d.]+:(\d+)/);
    await runCli(['ota', 'publish', '1.1.0.bin', '--url', `https://localhost:${otaPort}`], folder);
    return {
      folder,
      tree,
      broker,
      ota,
      operatorUrl: `mqtts://localhost:${operatorPort}`,
      deviceUrl: `mqtts://localhost:${devicePort}`,
      otaUrl: `https://localhost:${otaPort}/secure_esp.bin`,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
