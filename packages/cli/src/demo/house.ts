import type { RunningBroker } from '@secure-esp/broker';
import { connect, type Client } from '@secure-esp/device-client';
import { createFileFirmwareStore, createManifestSigner, createOtaServer, publishRelease } from '@secure-esp/ota-server';
import { initPki, type PkiTree } from '@secure-esp/pki';
import { SECTOR_BYTES, startVirtualDevices, type Fleet } from '@secure-esp/simulator';
import { DEFAULT_PORTS } from '@secure-esp/protocol';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { CliContext } from '../context.js';
import { CliError } from '../errors.js';
import { pathOf } from '../files.js';
import { trustedOf } from '../keys.js';
import { startBroker, type BrokerKind } from '../start-broker.js';
import type { DemoReport } from './demo-report.js';
import { firstFreePort } from './free-port.js';
import { makeImages, type DemoImages } from './images.js';
import { makeWorkFolder } from './work-folder.js';

export interface DemoOptions {
  readonly dir: string;
  readonly broker: BrokerKind;
  readonly devices: number;
  readonly image?: string;
  readonly imageVersion?: string;
}

/** Everything the demo runs. `close` stops it in the reverse order of its start. */
export interface House {
  readonly tree: PkiTree;
  readonly images: DemoImages;
  readonly broker: RunningBroker;
  readonly otaPort: number;
  readonly client: Client;
  readonly devices: readonly string[];
  /** Rejects if the broker ends by itself. */
  readonly failed: Promise<never>;
  close(): Promise<void>;
}

const HOST = '127.0.0.1';
/** The channel of the getting-started instructions: `https://<host>:8070/secure_esp.bin`. */
const CHANNEL = 'secure_esp';
/** Downloads are slowed down to this, so that their progress can be watched. */
const DOWNLOAD_SECONDS = 2;
/** An app partition of the recommended table for 4 MB of flash; larger images get a larger one. */
const SLOT_BYTES = 1920 * 1024;
const REBOOT_DELAY_MS = 300;

/** Starts PKI, images, broker, update server, devices and an operator's client; whatever fails, nothing stays behind. */
export async function startHouse(context: CliContext, options: DemoOptions, report: DemoReport): Promise<House> {
  const closers: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (let closer = closers.pop(); closer !== undefined; closer = closers.pop()) await closer();
  };
  try {
    return await build(context, { ...options, report }, closers, close);
  } catch (error) {
    await close();
    throw error;
  }
}

type ReportedOptions = DemoOptions & { readonly report: DemoReport };

async function build(
  context: CliContext,
  options: ReportedOptions,
  closers: (() => Promise<void>)[],
  close: () => Promise<void>,
): Promise<House> {
  const { report } = options;
  const devices = Array.from({ length: options.devices }, (_, index) => `esp-${String(index + 1).padStart(3, '0')}`);
  const tree = await initPki({ dir: pathOf(context, options.dir), devices, signal: context.signal });
  report.step('PKI', tree.created.length === 0 ? `reused from ${options.dir}` : `made in ${options.dir}`);

  const images = await makeImages(context, tree, options);
  const { project, chip, scheme, installedVersion, offeredVersion } = images;
  report.step('images', `${project} ${installedVersion} and ${offeredVersion} for ${chip}, signed with ${scheme}`);

  // Devices and releases start afresh at every run; only the PKI outlives it.
  const work = await makeWorkFolder(tree.dir);
  closers.push(() => rm(work, { recursive: true, force: true }));

  const broker = await chooseBroker(context, options, tree, work);
  closers.push(() => broker.close());
  report.step('broker', `${broker.kind}, operators on ${broker.operatorPort}, devices on ${broker.devicePort}`);

  const otaPort = await choosePort(report, 'update server', DEFAULT_PORTS.ota, [
    broker.operatorPort,
    broker.devicePort,
  ]);
  const store = createFileFirmwareStore({ dir: join(work, 'firmware') });
  const server = createOtaServer({
    tls: { cert: tree.ota.cert, key: tree.ota.key, deviceCa: tree.deviceCa, operatorCa: tree.ca },
    store,
  });
  await server.listen(otaPort, HOST);
  closers.push(() => server.close());
  report.step('updates', `https://localhost:${otaPort}/${CHANNEL}.bin`);

  const fleet = await startFleet(context, { tree, images, devices, devicePort: broker.devicePort, otaPort, work });
  closers.push(() => fleet.stop());

  const client = await connect({
    url: `mqtts://localhost:${broker.operatorPort}`,
    tls: tree.operator,
    signal: context.signal,
  });
  closers.push(() => client.close());
  await Promise.all(devices.map((id) => client.device(id).status({ signal: context.signal })));
  report.step('devices', `${devices.join(', ')} online with ${project} ${installedVersion}`);

  await publishRelease({
    store,
    image: images.offered,
    trusted: await trustedOf(tree),
    signer: await createManifestSigner(tree.releaseKey),
    name: CHANNEL,
    url: `https://localhost:${otaPort}`,
    ...(images.statedVersion === undefined ? {} : { version: images.statedVersion }),
  });
  report.step('release', `${project} ${offeredVersion}, with a signed manifest`);

  return { tree, images, broker, otaPort, client, devices, failed: failureOf(broker), close };
}

interface FleetPlan {
  readonly tree: PkiTree;
  readonly images: DemoImages;
  readonly devices: readonly string[];
  readonly devicePort: number;
  readonly otaPort: number;
  readonly work: string;
}

/** Boots the virtual devices on the installed image. */
async function startFleet(context: CliContext, plan: FleetPlan): Promise<Fleet> {
  const { tree, images, devices, devicePort, otaPort, work } = plan;
  const trusted = await trustedOf(tree);
  const virtual = await Promise.all(
    devices.map(async (id) => {
      const { cert, key, ca } = await tree.device(id);
      return {
        id,
        firmware: images.installed,
        stateFile: join(work, 'flash', `${id}.flash`),
        mqtt: { url: `mqtts://localhost:${devicePort}`, cert, key, ca },
        ota: { url: `https://localhost:${otaPort}/${CHANNEL}.bin`, cert, key, ca },
        trusted,
        releaseKeys: [tree.releasePublicKey],
        // Only commands start an update here, so that what is seen is what was asked for.
        settings: { automaticChecks: false, requireManifest: true },
        slotBytes: Math.max(SLOT_BYTES, Math.ceil(images.offered.length / SECTOR_BYTES) * SECTOR_BYTES),
        bytesPerSecond: Math.ceil(images.offered.length / DOWNLOAD_SECONDS),
        rebootDelayMs: REBOOT_DELAY_MS,
      };
    }),
  );
  return startVirtualDevices(virtual, { signal: context.signal });
}

async function chooseBroker(
  context: CliContext,
  options: ReportedOptions,
  tree: PkiTree,
  work: string,
): Promise<RunningBroker> {
  const { report } = options;
  const operatorPort = await choosePort(report, 'operators’ listener', DEFAULT_PORTS.operators);
  const devicePort = await choosePort(report, 'devices’ listener', DEFAULT_PORTS.devices, [operatorPort]);
  return startBroker(tree, {
    kind: options.broker,
    host: HOST,
    operatorPort,
    devicePort,
    dir: join(work, 'mosquitto'),
    signal: context.signal,
  });
}

async function choosePort(
  report: DemoReport,
  what: string,
  preferred: number,
  taken: readonly number[] = [],
): Promise<number> {
  const port = await firstFreePort(HOST, preferred, taken);
  if (port !== preferred) report.step('port', `${preferred} is taken: the ${what} is on ${port}`);
  return port;
}

function failureOf(broker: RunningBroker): Promise<never> {
  const failed = broker.exited.then((error): never => {
    throw new CliError('the broker ended by itself.', 'Start the demo again.', 1, { cause: error });
  });
  // Also handled where nobody waits for it yet.
  failed.catch(() => undefined);
  return failed;
}
