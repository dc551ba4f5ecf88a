import type { TrustedKeys, VerifyOptions } from '@secure-esp/firmware-image';
import type { Health } from '../core/core-port.js';
import type { Flash } from '../flash/nor-flash.js';
import type { BackoffOptions } from '../ports/backoff.js';
import type { Clock } from '../ports/clock.js';
import type { ClientCredentials } from '../ports/credentials.js';
import type { DeviceEvent, DeviceLogLine } from './device-events.js';

/** What Kconfig decides on a real device. */
export interface DeviceSettings {
  /** Seconds between automatic checks while none is stored, 300 to 9 999 999. Default 86 400. */
  readonly intervalSeconds?: number;
  /** Check on the timer, not only by command. Default true. */
  readonly automaticChecks?: boolean;
  /** Refuse images that no signed release manifest announces. Default false. */
  readonly requireManifest?: boolean;
  /** Log lines also go to the broadcast log topic. Default true. */
  readonly broadcastLog?: boolean;
  /** A broadcast `update/run` starts after 0 to this many seconds, at most 86 400. Default 0. */
  readonly broadcastRunSpreadSeconds?: number;
  /** Seconds that a new image has to prove itself, 60 to 86 400. Default 900. */
  readonly confirmDeadlineSeconds?: number;
  /** Seconds that it may wait while nothing is reachable, deadline to 604 800. Default 86 400. */
  readonly confirmOfflineMaxSeconds?: number;
}

/** Deadlines of the network, milliseconds. */
export interface DeviceTimeouts {
  /** Until TCP is connected, HTTPS; until CONNACK, MQTT. Default 10 000. */
  readonly connectMs?: number;
  /** Longest silence of the update server. Default 20 000. */
  readonly idleMs?: number;
  /**
   * Longest duration of one transfer, so that a server which sends a byte now and then cannot hold the device. Default
   * 1 800 000 (30 minutes): 16 MiB, the largest slot, take 11 minutes at the 26 KB/s of a slow ESP32.
   */
  readonly downloadMs?: number;
}

/** Who a virtual device is, what is flashed into it, and whom it trusts and talks to. */
export interface VirtualDeviceOptions {
  /** `[A-Za-z0-9_-]{1,64}`: the certificate's CN, and the MQTT client id. */
  readonly id: string;
  /** The flash is kept in this file. Default: in memory, gone with the process. */
  readonly stateFile?: string;
  /** A flash of your own instead of both, such as `withPowerCut(createMemoryFlash(...))`. */
  readonly flash?: Flash;
  /** Signed image, flashed into ota_0 when the flash is blank. */
  readonly firmware: Uint8Array;
  /** The version of `firmware` when its descriptor does not tell (Arduino, MicroPython), as a manifest would state it. */
  readonly firmwareVersion?: string;
  /** Size of an app slot in bytes, a multiple of 4096. Default 1920 KiB. A flash that exists keeps its size. */
  readonly slotBytes?: number;
  /** `mqtts://host:port`, and the device's credentials in PEM. */
  readonly mqtt: ClientCredentials & { readonly url: string; readonly keepaliveSeconds?: number };
  /** The built-in update URL (https, at most 255 bytes), and the device's credentials in PEM. */
  readonly ota: ClientCredentials & { readonly url: string };
  /** Keys that firmware is verified with. */
  readonly trusted: TrustedKeys;
  /** Schemes and block count of the verification. Default: what the chip of the image does. */
  readonly verification?: Pick<VerifyOptions, 'schemes' | 'maxBlocks'>;
  /** Public release keys (P-256, SPKI PEM) that manifests are verified with. Default none. */
  readonly releaseKeys?: readonly string[];
  /** What the firmware was built with. Default of each: see {@link DeviceSettings}. */
  readonly settings?: DeviceSettings;
  /** Default of each: see {@link DeviceTimeouts}. */
  readonly timeouts?: DeviceTimeouts;
  /** Delays between attempts to reach the broker. Default of each: see {@link BackoffOptions}. */
  readonly reconnect?: BackoffOptions;
  /** Default: the platform's clock. */
  readonly clock?: Clock;
  /** Uniform u32. Default: the platform's secure generator. */
  readonly randomU32?: () => number;
  /** Called for each line of the console. Default: nobody. */
  readonly onLog?: (line: DeviceLogLine) => void;
  /** Called for each step of the device. Default: nobody. */
  readonly onEvent?: (event: DeviceEvent) => void;
  /** Asked about once a second after an update. Default: always `good`. */
  readonly health?: () => Health;
  /** Slows downloads down, so that progress can be watched. Default: no limit. */
  readonly bytesPerSecond?: number;
  /**
   * How many attempts in a row a download that loses its connection gets to go on, 0 to 20; 64 KiB of progress count
   * from the start again. Default 5.
   */
  readonly downloadRetries?: number;
  /** How long a restart takes. Default 200. */
  readonly rebootDelayMs?: number;
}
