import { RESET_REASONS, UPDATE_REASONS } from '@secure-esp/protocol';
import { SimulatorError } from '../errors.js';
import type { DownloadEvents } from '../ports/downloader.js';
import type { ImageVerdict } from '../ports/image-checker.js';
import type { ConnectFailure } from '../ports/mqtt-failure.js';
import type { InboundMessage } from '../ports/mqtt-port.js';
import { CONFIG_NUMBERS, CONFIG_RESET_REASON, CONFIG_TEXTS, type CoreConfig } from './core-config.js';
import type { CoreModule } from './core-module.js';
import type { CorePort } from './core-port.js';
import { createScratch } from './scratch.js';

/** The events of one device's core: `secure_esp_core.h` in TypeScript. */
export interface CoreContext extends Omit<DownloadEvents, 'received'> {
  /** The last will: retained, QoS 1. */
  will(): { readonly topic: string; readonly payload: Uint8Array };
  connected(): void;
  disconnected(): void;
  connectFailed(failure: ConnectFailure): void;
  message(message: InboundMessage): void;
  published(token: number): void;
  tick(): void;
  /** When `tick` is wanted next, on the port's clock; `undefined`: never. */
  nextTickMs(): number | undefined;
  imageVerified(verdict: ImageVerdict): void;
  /** Frees the device's place. Idempotent; nothing else may be called then. */
  destroy(): void;
}

/** Longer than every payload of the contract: the core refuses by the length and does not look at the bytes. */
const PAYLOAD_KEEP_BYTES = 4096;
/** Longer texts are nothing that the contract knows: such a topic cannot match, such correlation data is refused. */
const TEXT_KEEP_BYTES = 1024;
const CONNECT_FAILURES: readonly ConnectFailure[] = ['unreachable', 'tls', 'auth'];

const reasonIndex = (reason: (typeof UPDATE_REASONS)[number]): number => UPDATE_REASONS.indexOf(reason);

/**
 * Boots a core: a place in the module, configured and initialised.
 * @throws SimulatorError `core`
 */
export const createCoreContext = (core: CoreModule, config: CoreConfig, port: CorePort): CoreContext => {
  const scratch = createScratch(core);
  const handle = core.register(port);
  const slot = core.call('create', handle);
  let alive = true;
  const destroy = (): void => {
    if (!alive) return;
    alive = false;
    core.mute(handle);
    // Not at once: a callback of the caller may have led here from inside the core.
    queueMicrotask(() => {
      if (slot !== 0) core.call('destroy', slot);
      core.unregister(handle);
    });
  };
  const refuse = (what: string): never => {
    destroy();
    throw new SimulatorError('core', what);
  };
  if (slot === 0) refuse('the core has no memory for another device');

  const configure = (): void => {
    for (const [name, field] of Object.entries(CONFIG_TEXTS)) {
      const [value] = scratch.place(config[name as keyof typeof CONFIG_TEXTS]);
      if (core.call('config_text', slot, field, value?.pointer ?? 0, value?.length ?? 0) !== 0) {
        refuse(`the core refused ${name}`);
      }
    }
    const numbers = Object.entries(CONFIG_NUMBERS).map(
      ([name, field]) => [name, field, Number(config[name as keyof typeof CONFIG_NUMBERS])] as const,
    );
    const reset = ['resetReason', CONFIG_RESET_REASON, RESET_REASONS.indexOf(config.resetReason)] as const;
    for (const [name, field, value] of [...numbers, reset]) {
      if (core.call('config_number', slot, field, value) !== 0) refuse(`the core refused ${name}`);
    }
    const initialised = core.call('init', slot) === 0;
    core.rethrow(handle);
    if (!initialised) refuse('the core refused its configuration');
  };
  try {
    configure();
  } catch (error) {
    destroy();
    throw error;
  }

  /** The core's part is over when it returns; then comes what its port could not do. */
  const invoke = (name: string, ...values: readonly number[]): number => {
    if (!alive) throw new SimulatorError('wrong_state', 'this core is gone');
    const result = core.call(name, slot, ...values);
    core.rethrow(handle);
    return result;
  };

  return {
    will() {
      const length = invoke('will', scratch.pointer, scratch.sizeBytes);
      const bytes = Buffer.from(new Uint8Array(core.memory.buffer, scratch.pointer, Math.max(0, length)));
      const end = bytes.indexOf('\n');
      if (end < 1) throw new SimulatorError('core', 'the core has no last will');
      return { topic: bytes.toString('utf8', 0, end), payload: new Uint8Array(bytes.subarray(end + 1)) };
    },
    connected: () => void invoke('on_connected'),
    disconnected: () => void invoke('on_disconnected'),
    connectFailed: (failure) => void invoke('on_connect_failed', CONNECT_FAILURES.indexOf(failure)),
    message({ topic, payload, retained, responseTopic, correlation }) {
      if (Buffer.byteLength(topic) > TEXT_KEEP_BYTES) return;
      const response = Buffer.byteLength(responseTopic ?? '') > TEXT_KEEP_BYTES ? undefined : responseTopic;
      const kept = payload.length > PAYLOAD_KEEP_BYTES ? undefined : payload;
      const [t, p, r, c] = scratch.place(topic, kept, response, correlation?.subarray(0, TEXT_KEEP_BYTES));
      const pair = (placed: { pointer: number; length: number } | undefined): [number, number] => [
        placed?.pointer ?? 0,
        placed?.length ?? 0,
      ];
      invoke('on_message', ...pair(t), p?.pointer ?? 0, payload.length, retained ? 1 : 0, ...pair(r), ...pair(c));
    },
    published: (token) => void invoke('on_published', token),
    tick: () => void invoke('on_tick'),
    nextTickMs() {
      const next = invoke('next_tick_ms');
      return next < 0 ? undefined : next;
    },
    response({ status, contentType, contentLength, etag, range }) {
      const [type, tag] = scratch.place(contentType.slice(0, TEXT_KEEP_BYTES), etag.slice(0, TEXT_KEEP_BYTES));
      invoke(
        'on_download_response',
        status,
        type?.pointer ?? 0,
        type?.length ?? 0,
        contentLength ?? -1,
        tag?.pointer ?? 0,
        tag?.length ?? 0,
        range?.start ?? -1,
        range?.total ?? -1,
      );
    },
    manifest(jws) {
      const [body] = scratch.place(jws);
      invoke('on_manifest', body?.pointer ?? 0, body?.length ?? 0);
    },
    imageHeader(bytes) {
      const [header] = scratch.place(bytes);
      invoke('on_image_header', header?.pointer ?? 0, header?.length ?? 0);
    },
    progress: (bytes) => void invoke('on_download_progress', bytes),
    complete: (bytes) => void invoke('on_download_complete', bytes),
    failed: (reason) => void invoke('on_download_failed', reasonIndex(reason)),
    imageVerified(verdict) {
      const [identity] = scratch.place(verdict.ok ? verdict.identity : new Uint8Array(32));
      invoke('on_image_verified', verdict.ok ? -1 : reasonIndex(verdict.reason), identity?.pointer ?? 0);
    },
    destroy,
  };
};
