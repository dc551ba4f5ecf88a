import type { DownloadRequest } from '../ports/download-request.js';
import type { OutboundMessage } from '../ports/mqtt-port.js';
import type { Es256Verdict } from '../ports/release-keys.js';

/** What the application thinks of itself after an update. */
export type Health = 'wait' | 'good' | 'bad';

export const LOG_LEVELS = ['error', 'warning', 'success'] as const;
/** Severity of a line of the firmware core's log. */
export type LogLevel = (typeof LOG_LEVELS)[number];

/**
 * What a platform does for the core: `sesp_port.h` in TypeScript. Every function runs inside a call of the core, must not
 * call it back, and returns at once; `false` means that the platform could not do it. Byte arrays are copies.
 */
export interface CorePort {
  nowMs(): number;
  /** Seconds; 0 = unknown. */
  unixTimeS(): number;
  randomU32(): number;
  publish(message: OutboundMessage): boolean;
  subscribe(filter: string): boolean;
  kvGet(key: string): Uint8Array | undefined;
  kvSet(key: string, value: Uint8Array): boolean;
  kvErase(key: string): boolean;
  downloadStart(request: DownloadRequest): boolean;
  downloadContinue(): void;
  downloadAbort(): void;
  verifyEs256(kid: string, data: Uint8Array, signature: Uint8Array): Es256Verdict;
  imageVerify(fileSha256: Uint8Array | undefined): boolean;
  bootSet(): boolean;
  bootConfirm(): boolean;
  bootRollback(): boolean;
  restart(): void;
  health(): Health;
  log(level: LogLevel, text: string): void;
}
