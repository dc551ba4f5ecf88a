import { chipById } from '@secure-esp/firmware-image';
import type { ResetReason, UpdateStateEvent } from '@secure-esp/protocol';
import { createCoreContext } from '../core/core-context.js';
import type { CoreModule } from '../core/core-module.js';
import { INSTALLED_KEY, statedVersion } from '../core/installed-record.js';
import { SimulatorError } from '../errors.js';
import { createBootControl } from '../flash/boot-control.js';
import type { BootedImage } from '../flash/bootloader.js';
import type { DeviceFlash } from '../flash/device-flash.js';
import { openNvs } from '../flash/nvs.js';
import type { BootState } from '../flash/ota-data.js';
import type { SecureContexts } from '../ports/credentials.js';
import type { openDownload } from '../ports/download-request.js';
import { createDownloader, type DownloadEvents } from '../ports/downloader.js';
import { checkImage } from '../ports/image-checker.js';
import { createMqttPort, type MqttPort } from '../ports/mqtt-port.js';
import { toCoreConfig } from './boot-config.js';
import { createEventQueue } from './event-queue.js';
import { readOutbound } from './outbound-tap.js';
import type { Reporter } from './reporter.js';
import type { ResolvedOptions } from './resolve-options.js';
import { createSessionPort } from './session-port.js';
import { createSlotSink } from './slot-sink.js';

/** From one boot to the next restart: everything that a reset forgets. */
export interface Session {
  readonly connected: boolean;
  /** The status is acknowledged, so the subscriptions before it are in place. */
  readonly online: boolean;
  readonly version: string;
  readonly bootState: BootState;
  readonly update: UpdateStateEvent | undefined;
  /** Graceful: says goodbye to the broker. */
  stop(): Promise<void>;
  /** Abrupt: nothing more is sent or written once it returns. */
  kill(): void;
}

/** Other ways to the world, for tests without a network. */
export interface Links {
  readonly createMqttPort: typeof createMqttPort;
  readonly openDownload: typeof openDownload;
  readonly checkImage: typeof checkImage;
}

export interface SessionOptions {
  readonly options: ResolvedOptions;
  readonly report: Reporter;
  readonly device: DeviceFlash;
  readonly booted: BootedImage;
  readonly resetReason: ResetReason;
  readonly core: CoreModule;
  readonly secureContexts: SecureContexts;
  /** Default: the network. */
  readonly links?: Links;
  readonly restart: () => void;
  readonly fault: (error: unknown) => void;
}

/**
 * Starts the application: the core and the ports around it.
 * @throws SimulatorError `core`, `bad_option`
 */
export const startSession = (session: SessionOptions): Session => {
  const { options, report, device, booted, links } = session;
  const { clock, timeouts } = options;
  const chip = chipById(booted.image.chipId);
  if (chip === undefined) throw new SimulatorError('not_bootable', 'the image is for a chip that is not known');

  const random = (): number => (options.randomU32() >>> 0) / 2 ** 32;

  let cancelTick: () => void = () => undefined;
  const queue = createEventQueue({
    idle: () => {
      cancelTick();
      const next = core.nextTickMs();
      if (next === undefined) return;
      cancelTick = clock.schedule(Math.max(0, next - port.nowMs()), () => {
        queue.post(() => {
          core.tick();
        });
      });
    },
    fault: session.fault,
  });

  const nvs = openNvs(device.flash, device.layout.nvs);
  const control = createBootControl(device.flash, device.layout);
  const sink = createSlotSink(device, booted.slot, control);
  let mqtt: MqttPort | undefined;
  let version = statedVersion(nvs.get(INSTALLED_KEY), booted.identity) ?? booted.image.descriptor?.version ?? '';
  let bootState = booted.state;
  let statusToken: number | undefined;
  let online = false;
  let update: UpdateStateEvent | undefined;
  let total: number | undefined;

  const downloads: DownloadEvents = {
    response(head) {
      total = head.range?.total ?? head.contentLength;
      report.event({ type: 'downloadStarted', status: head.status, total });
      queue.post(() => {
        core.response(head);
      });
    },
    manifest: (jws) => {
      queue.post(() => {
        core.manifest(jws);
      });
    },
    imageHeader: (bytes) => {
      queue.post(() => {
        core.imageHeader(bytes);
      });
    },
    received(bytes) {
      report.event({ type: 'downloadProgress', bytes, total });
    },
    progress(bytes) {
      queue.post(() => {
        core.progress(bytes);
      });
    },
    complete(bytes) {
      if (sink.hasImage) report.event({ type: 'slotWritten', slot: sink.slot, bytes });
      queue.post(() => {
        core.complete(bytes);
      });
    },
    failed(reason) {
      report.event({ type: 'downloadFailed', reason });
      queue.post(() => {
        core.failed(reason);
      });
    },
  };
  const downloader = createDownloader({
    secureContext: session.secureContexts('ota', options.ota),
    clock,
    sink,
    events: downloads,
    connectTimeoutMs: timeouts.connectMs,
    idleTimeoutMs: timeouts.idleMs,
    downloadTimeoutMs: timeouts.downloadMs,
    bytesPerSecond: options.bytesPerSecond,
    ...(links === undefined ? {} : { open: links.openDownload }),
    onFault: session.fault,
  });
  const port = createSessionPort({
    options,
    report,
    device,
    booted,
    nvs,
    control,
    sink,
    downloader: () => downloader,
    mqtt: () => mqtt,
    verify(bytes, fileSha256) {
      const { trusted, verification: rules } = options;
      (links?.checkImage ?? checkImage)({ bytes, fileSha256, trusted, chip: chip.name, rules }).then((verdict) => {
        queue.post(() => {
          core.imageVerified(verdict);
        });
      }, session.fault);
    },
    restart: () => {
      queue.post(session.restart);
    },
    judged: (state) => {
      bootState = state;
    },
    outbound: ({ topic, payload, token }) => {
      readOutbound(topic, payload, {
        status: (status) => {
          if (status.online) version = status.version;
          statusToken = token;
        },
        update: (state) => {
          update = state;
          report.event({ type: 'updateState', update: state });
        },
      });
    },
  });

  const core = createCoreContext(session.core, toCoreConfig(session, chip.name), port);
  const end = (): void => {
    queue.close();
    cancelTick();
    core.destroy();
  };
  try {
    mqtt = (links?.createMqttPort ?? createMqttPort)({
      url: options.mqtt.url,
      clientId: options.id,
      secureContext: session.secureContexts('mqtt', options.mqtt),
      will: core.will(),
      clock,
      random,
      keepaliveSeconds: options.keepaliveSeconds,
      connectTimeoutMs: timeouts.connectMs,
      backoff: options.reconnect,
      events: {
        connected() {
          report.event({ type: 'connected' });
          queue.post(() => {
            core.connected();
          });
        },
        disconnected() {
          online = false;
          report.event({ type: 'disconnected' });
          queue.post(() => {
            core.disconnected();
          });
        },
        connectFailed(failure) {
          report.event({ type: 'connectFailed', failure });
          queue.post(() => {
            core.connectFailed(failure);
          });
        },
        message: (message) => {
          queue.post(() => {
            core.message(message);
          });
        },
        published(token) {
          if (token === statusToken && !online) {
            online = true;
            report.event({ type: 'online' });
          }
          queue.post(() => {
            core.published(token);
          });
        },
        note: (text) => {
          report.log('info', text);
        },
      },
    });
  } catch (error) {
    end();
    throw error;
  }
  mqtt.start();
  queue.post(() => undefined);

  return {
    get connected() {
      return mqtt.connected;
    },
    get online() {
      return online;
    },
    get version() {
      return version;
    },
    get bootState() {
      return bootState;
    },
    get update() {
      return update;
    },
    async stop() {
      end();
      await Promise.all([mqtt.stop(), downloader.close()]);
    },
    kill() {
      end();
      mqtt.kill();
      void downloader.close().catch(session.fault);
    },
  };
};
