import { createSecureContext } from 'node:tls';
import type { UpdateStateEvent } from '@secure-esp/protocol';
import type { CoreModule } from '../../src/core/core-module.js';
import { createDevice } from '../../src/device/virtual-device.js';
import { seededRandom } from '../../src/flash/torn.js';
import type { DeviceEvent, VirtualDevice, VirtualDeviceOptions } from '../../src/index.js';
import { checkImage } from '../../src/ports/image-checker.js';
import { SLOT_BYTES, type Build, type Materials } from '../power/materials.js';
import { createVirtualTime, type VirtualTime } from '../power/virtual-time.js';
import { createFaultyLink, type FaultyLink, type Published } from '../support/faulty-link.js';
import { createFaultyServer, type FaultyServer } from './faulty-server.js';

const ID = 'esp-001';
const CLIENT = 'operator-0123456789';

export interface CommandOptions {
  readonly payload?: string;
  readonly retained?: boolean;
  /** Default: one that was never used. */
  readonly correlation?: string;
  /** To every device. */
  readonly broadcast?: boolean;
}

/** A device, its broker and its update server, all in virtual time. */
export interface Rig {
  readonly device: VirtualDevice;
  readonly time: VirtualTime;
  readonly link: FaultyLink;
  readonly server: FaultyServer;
  readonly events: readonly DeviceEvent[];
  readonly published: readonly Published[];
  /** `state` and `reason` of what `update/state` told, without the steps of a download. */
  ends(): readonly string[];
  /** @returns its correlation data, hex */
  command(leaf: string, options?: CommandOptions): string;
  reply(correlation: string): Record<string, unknown> | undefined;
  offer(build: Build): void;
  /** Offers it under a manifest. */
  offerSigned(build: Build, seq: number): void;
  /** Lets so much time pass, or less, if the condition holds before. */
  pass(ms: number, until?: () => boolean): Promise<boolean>;
  count(type: DeviceEvent['type']): number;
}

export interface RigOptions {
  readonly core: CoreModule;
  readonly materials: Materials;
  readonly seed?: number;
  readonly device?: Partial<VirtualDeviceOptions>;
  /** Added to the true time, milliseconds. */
  readonly clockErrorMs?: () => number;
}

const secureContext = createSecureContext();
const ENDS: ReadonlySet<string> = new Set<UpdateStateEvent['state']>(['confirmed', 'failed', 'rolled_back']);

/** Switched on at time 0. */
export const createRig = ({ core, materials, seed = 1, device: over = {}, clockErrorMs }: RigOptions): Rig => {
  const time = createVirtualTime();
  const events: DeviceEvent[] = [];
  const published: Published[] = [];
  const link = createFaultyLink((message) => published.push(message));
  const server = createFaultyServer(time);
  const random = seededRandom(seed);
  const device = createDevice(
    {
      id: ID,
      firmware: materials.builds.running.image,
      slotBytes: SLOT_BYTES,
      mqtt: { url: 'mqtts://broker.example:8884', ca: '', cert: '', key: '' },
      ota: { url: 'https://ota.example/firmware.bin', ca: '', cert: '', key: '' },
      trusted: materials.trusted,
      releaseKeys: [materials.releaseKey],
      clock: { ...time.clock, unixMs: () => time.clock.unixMs() + (clockErrorMs?.() ?? 0) },
      randomU32: () => Math.floor(random() * 2 ** 32),
      onEvent: (event) => events.push(event),
      ...over,
    },
    {
      core,
      secureContexts: () => secureContext,
      links: {
        createMqttPort: link.createMqttPort,
        openDownload: server.openDownload,
        checkImage: (check) => time.await(checkImage(check)),
      },
    },
  );
  device.powerOn();
  let commands = 0;
  const serve = (path: string, body: Uint8Array, type: string, etag: string): void => {
    server.memory.files.set(path, { body, type, etag });
  };
  return {
    device,
    time,
    link,
    server,
    events,
    published,
    ends: () =>
      events.flatMap((event) =>
        event.type === 'updateState' && ENDS.has(event.update.state)
          ? [event.update.reason === null ? event.update.state : `${event.update.state} ${event.update.reason}`]
          : [],
      ),
    command(leaf, { payload = '', retained = false, correlation, broadcast = false } = {}) {
      commands += 1;
      const used = correlation ?? commands.toString(16).padStart(32, '0');
      const reply = broadcast
        ? { responseTopic: undefined, correlation: undefined }
        : { responseTopic: `/esp/devices/${ID}/replies/${CLIENT}`, correlation: Buffer.from(used, 'hex') };
      const topic = broadcast ? `/esp/${leaf}` : `/esp/devices/${ID}/${leaf}`;
      link.send({ topic, payload: Buffer.from(payload), retained, ...reply });
      return used;
    },
    reply(correlation) {
      const found = published.findLast(
        (message) => message.correlation === correlation && message.topic.includes('/replies/'),
      );
      return found === undefined ? undefined : (JSON.parse(found.payload) as Record<string, unknown>);
    },
    offer({ image, etag }) {
      serve('/firmware.bin', image, 'application/octet-stream', etag);
    },
    offerSigned(build, seq) {
      serve('/image.bin', build.image, 'application/octet-stream', build.etag);
      serve('/firmware.bin', materials.manifest(build, seq, 'https://ota.example/image.bin'), 'application/jose', '');
    },
    pass: (ms, until = () => false) => time.run(until, time.nowMs + ms),
    count: (type) => events.filter((event) => event.type === type).length,
  };
};
