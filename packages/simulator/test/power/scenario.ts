import { MANIFEST_MEDIA_TYPE } from '@secure-esp/protocol';
import { openInjectedFlash } from '../../src/flash/device-flash.js';
import { blankDump, flashOn, type FlashDump } from './flash-dump.js';
import { SLOT_BYTES, type Build, type Materials } from './materials.js';
import type { MemoryServer } from './memory-server.js';
import type { Command } from './operator.js';
import { fillRecords } from './records.js';

export const DEVICE_ID = 'esp-001';
const ORIGIN = 'https://ota.example';
export const BUILTIN_URL = `${ORIGIN}/firmware.bin`;

/** Every setting there is: the record it is kept in, the command that writes it, and what it writes. */
export const SETTINGS = [
  { key: 'url', leaf: 'update/url', value: `${ORIGIN}/custom.bin` },
  { key: 'use_url', leaf: 'update/use_url', value: '1' },
  { key: 'interval', leaf: 'update/interval', value: '300' },
] as const;

/** What is done with a device, and what is to become of it. */
export interface Scenario {
  readonly name: string;
  /** The flash before it is switched on. */
  readonly dump: FlashDump;
  readonly running: Build;
  readonly offered: Build;
  /** All that a server may have served. */
  readonly builds: readonly Build[];
  readonly commands: readonly Command[];
  /** What the offered image thinks of itself. */
  readonly health: 'good' | 'bad';
  readonly serve: (server: MemoryServer) => void;
}

const WRITES = SETTINGS.map(({ leaf, value }) => ({ leaf, payload: value, insist: true }));
const RUN: Command = { leaf: 'update/run', payload: '', insist: false };
const PATHS = ['/firmware.bin', '/custom.bin'];

const imageAt =
  (paths: readonly string[], { image, etag }: Build) =>
  ({ files }: MemoryServer): void => {
    for (const path of paths) files.set(path, { body: image, type: 'application/octet-stream', etag });
  };

/** A device that runs this build, fresh from the factory, with so much room left in its log of records. */
export const factoryDump = (build: Build, roomBytes?: number): FlashDump => {
  const dump = blankDump();
  const factory = { deviceId: DEVICE_ID, slotBytes: SLOT_BYTES, firmware: build.image, nvs: [] };
  openInjectedFlash(flashOn(dump), factory).close();
  if (roomBytes !== undefined) fillRecords(dump, roomBytes);
  return dump;
};

/** Settings are written and an operator starts an update to an image that the server hands out as it is. */
export const directRoute = ({ builds }: Pick<Materials, 'builds'>, dump: FlashDump): Scenario => ({
  name: 'settings and a direct image',
  dump,
  running: builds.running,
  offered: builds.offered,
  builds: Object.values(builds),
  commands: [...WRITES, RUN],
  health: 'good',
  serve: imageAt(PATHS, builds.offered),
});

/** Settings are written and the device finds a release manifest by itself. */
export const manifestRoute = ({ builds, manifest }: Materials, dump: FlashDump): Scenario => {
  const jws = manifest(builds.offered, 7, `${ORIGIN}/image.bin`);
  return {
    ...directRoute({ builds }, dump),
    name: 'settings and a release manifest',
    commands: WRITES,
    serve(server) {
      imageAt(['/image.bin'], builds.offered)(server);
      for (const path of PATHS) server.files.set(path, { body: jws, type: MANIFEST_MEDIA_TYPE, etag: '' });
    },
  };
};

/** The offered image finds that it does not work. */
export const badRoute = (materials: Materials, dump: FlashDump): Scenario => ({
  ...directRoute(materials, dump),
  name: 'a bad image',
  health: 'bad',
});

/** The device finds another file than the one of which it has a part. */
export const replacedRoute = (materials: Materials, dump: FlashDump): Scenario => ({
  ...directRoute(materials, dump),
  name: 'an image in place of half of another',
  commands: [RUN],
});
