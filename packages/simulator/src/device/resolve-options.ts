import { getRandomValues } from 'node:crypto';
import { parseVersion } from '@secure-esp/firmware-image';
import { isDeviceId, isHttpsUrl, UPDATE_INTERVAL_SECONDS, URL_MAX_BYTES } from '@secure-esp/protocol';
import { SimulatorError } from '../errors.js';
import { SECTOR_BYTES } from '../flash/nor-flash.js';
import { systemClock } from '../ports/clock.js';
import type { DeviceSettings, DeviceTimeouts, VirtualDeviceOptions } from './device-options.js';

type Filled = 'slotBytes' | 'verification' | 'releaseKeys' | 'reconnect' | 'clock' | 'randomU32' | 'health';

/** The options with every default filled in. */
export type ResolvedOptions = Omit<VirtualDeviceOptions, Filled | 'settings' | 'timeouts'> &
  Required<
    Pick<VirtualDeviceOptions, Filled | 'bytesPerSecond' | 'downloadRetries' | 'rebootDelayMs' | 'onLog' | 'onEvent'>
  > & {
    readonly settings: Required<DeviceSettings>;
    readonly timeouts: Required<DeviceTimeouts>;
    readonly keepaliveSeconds: number;
  };

const SLOT_MAX_BYTES = 16 * 1024 * 1024;
const DAY_S = 86_400;

const require = (holds: boolean, sentence: string): void => {
  if (!holds) throw new SimulatorError('bad_option', sentence);
};

const inRange = (name: string, value: number, min: number, max: number): number => {
  require(Number.isInteger(value) &&
    value >= min &&
    value <= max, `${name} is an integer from ${String(min)} to ${String(max)}`);
  return value;
};

const resolveSettings = (given: DeviceSettings): Required<DeviceSettings> => {
  const deadline = inRange('settings.confirmDeadlineSeconds', given.confirmDeadlineSeconds ?? 900, 60, DAY_S);
  const { min, max } = UPDATE_INTERVAL_SECONDS;
  return Object.freeze({
    intervalSeconds: inRange('settings.intervalSeconds', given.intervalSeconds ?? DAY_S, min, max),
    automaticChecks: given.automaticChecks ?? true,
    requireManifest: given.requireManifest ?? false,
    broadcastLog: given.broadcastLog ?? true,
    broadcastRunSpreadSeconds: inRange(
      'settings.broadcastRunSpreadSeconds',
      given.broadcastRunSpreadSeconds ?? 0,
      0,
      DAY_S,
    ),
    confirmDeadlineSeconds: deadline,
    confirmOfflineMaxSeconds: inRange(
      'settings.confirmOfflineMaxSeconds',
      given.confirmOfflineMaxSeconds ?? DAY_S,
      deadline,
      7 * DAY_S,
    ),
  });
};

const isBrokerUrl = (url: string): boolean => URL.canParse(url) && new URL(url).protocol === 'mqtts:';

const secureRandomU32 = (): number => getRandomValues(new Uint32Array(1))[0] ?? 0;

/** @throws SimulatorError `bad_option` */
export const resolveOptions = (options: VirtualDeviceOptions): ResolvedOptions => {
  require(isDeviceId(options.id), 'id has 1 to 64 characters of A-Z, a-z, 0-9, _ and -');
  require(isBrokerUrl(options.mqtt.url), 'mqtt.url is an mqtts:// URL');
  require(isHttpsUrl(options.ota.url) &&
    Buffer.byteLength(options.ota.url) <=
      URL_MAX_BYTES, `ota.url is an https URL of at most ${String(URL_MAX_BYTES)} bytes, without credentials and fragment`);
  require(options.stateFile === undefined || options.flash === undefined, 'give either stateFile or flash');
  const { firmwareVersion } = options;
  require(firmwareVersion === undefined ||
    parseVersion(firmwareVersion) !== undefined, 'firmwareVersion is not a version that can be compared');
  const slotBytes = inRange('slotBytes', options.slotBytes ?? 1920 * 1024, 64 * 1024, SLOT_MAX_BYTES);
  require(slotBytes % SECTOR_BYTES === 0, `slotBytes is a multiple of ${String(SECTOR_BYTES)}`);
  const bytesPerSecond = options.bytesPerSecond ?? Infinity;
  require(bytesPerSecond >= 1, 'bytesPerSecond is at least 1');
  return Object.freeze({
    ...options,
    slotBytes,
    bytesPerSecond,
    verification: options.verification ?? {},
    releaseKeys: options.releaseKeys ?? [],
    settings: resolveSettings(options.settings ?? {}),
    timeouts: Object.freeze({
      connectMs: inRange('timeouts.connectMs', options.timeouts?.connectMs ?? 10_000, 1, 600_000),
      idleMs: inRange('timeouts.idleMs', options.timeouts?.idleMs ?? 20_000, 1, 600_000),
      downloadMs: inRange('timeouts.downloadMs', options.timeouts?.downloadMs ?? 1_800_000, 1, 86_400_000),
    }),
    keepaliveSeconds: inRange('mqtt.keepaliveSeconds', options.mqtt.keepaliveSeconds ?? 60, 1, 65_535),
    reconnect: options.reconnect ?? {},
    clock: options.clock ?? systemClock,
    randomU32: options.randomU32 ?? secureRandomU32,
    onLog: options.onLog ?? (() => undefined),
    onEvent: options.onEvent ?? (() => undefined),
    health: options.health ?? (() => 'good' as const),
    downloadRetries: inRange('downloadRetries', options.downloadRetries ?? 5, 0, 20),
    rebootDelayMs: inRange('rebootDelayMs', options.rebootDelayMs ?? 200, 0, 600_000),
  });
};
