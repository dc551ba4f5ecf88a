/** The time of day, for `receivedAt` and connection ages. */
export interface Clock {
  /** Unix time in milliseconds. */
  now(): number;
}

/** One-shot timers. Handles are opaque. */
export interface Timers {
  /** Calls `callback` once, `delayMs` milliseconds from now, and returns a handle. */
  setTimeout(callback: () => void, delayMs: number): unknown;
  /** Drops the timer of a handle; one that has fired already is no error. */
  clearTimeout(handle: unknown): void;
}

/** Cryptographically strong random bytes: client ids and correlation data must not be guessable by devices. */
export type RandomBytes = (length: number) => Uint8Array;

/** Receives what no caller awaits. Never given keys, certificates or payloads. */
export interface Logger {
  /** One sentence, and what was thrown, if anything. */
  warn(message: string, cause?: unknown): void;
}

export const systemClock: Clock = { now: () => Date.now() };

export const systemTimers: Timers = {
  setTimeout: (callback, delayMs) => setTimeout(callback, delayMs),
  clearTimeout: (handle) => {
    clearTimeout(handle as Parameters<typeof clearTimeout>[0]);
  },
};

export const systemRandom: RandomBytes = (length) => globalThis.crypto.getRandomValues(new Uint8Array(length));

export const consoleLogger: Logger = {
  warn: (message, cause) => {
    console.warn(...(cause === undefined ? [message] : [message, cause]));
  },
};

const DIGITS = '0123456789abcdef';

export const toHex = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => `${DIGITS.charAt(byte >> 4)}${DIGITS.charAt(byte & 15)}`).join('');

/** A uniform number in [0, 1). */
export function randomFraction(random: RandomBytes): number {
  const bytes = random(4);
  return new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0) / 0x1_0000_0000;
}
