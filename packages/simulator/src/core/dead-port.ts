import type { CorePort } from './core-port.js';

const no = (): boolean => false;
const nothing = (): undefined => undefined;

/** What the rest of a core's call sees when the device lost power in the middle of it: a platform that does nothing. */
export const DEAD_PORT: CorePort = Object.freeze({
  nowMs: () => 0,
  unixTimeS: () => 0,
  randomU32: () => 0,
  publish: no,
  subscribe: no,
  kvGet: nothing,
  kvSet: no,
  kvErase: no,
  downloadStart: no,
  downloadContinue: nothing,
  downloadAbort: nothing,
  verifyEs256: () => 'bad' as const,
  imageVerify: no,
  bootSet: no,
  bootConfirm: no,
  bootRollback: no,
  restart: nothing,
  health: () => 'wait' as const,
  log: nothing,
});
