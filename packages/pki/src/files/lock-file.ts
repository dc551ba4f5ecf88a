import { createHash, randomUUID } from 'node:crypto';
import { open, readFile, rm, stat, utimes } from 'node:fs/promises';
import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { PkiError } from '../errors.js';
import { ioError, systemCode } from './io-error.js';

export interface LockOptions {
  /** how long to wait for another run, default 30,000 */
  timeoutMs?: number | undefined;
  signal?: AbortSignal | undefined;
}

const DEFAULT_TIMEOUT_MS = 30_000;
const POLL_MS = 50;
const HEARTBEAT_MS = 500;
/** a holder that is silent for so long is gone, wherever it ran … */
const SILENT_MS = 20_000;
/** … and for so long when its process is known to be gone */
const DEAD_MS = 2_000;

interface LockState {
  /** changes with the holder and with every sign of life */
  token: string;
  ageMs: number;
  pid: number | undefined;
  host: string | undefined;
}

/**
 * Runs `work` while holding a lock file, so that two runs on one tree take turns. A lock whose holder was killed is
 * taken over after 2 s (same machine) or 20 s.
 *
 * @throws PkiError `ERR_PKI_LOCKED` after `timeoutMs`, `ERR_PKI_IO`; the signal's reason when aborted
 */
export async function withLock<T>(path: string, options: LockOptions, work: () => Promise<T>): Promise<T> {
  const release = await acquire(path, Date.now() + (options.timeoutMs ?? DEFAULT_TIMEOUT_MS), options.signal);
  try {
    return await work();
  } finally {
    await release();
  }
}

async function acquire(path: string, deadlineMs: number, signal?: AbortSignal): Promise<() => Promise<void>> {
  for (;;) {
    signal?.throwIfAborted();
    const content = JSON.stringify({ pid: process.pid, host: hostname(), id: randomUUID() });
    if (await createLock(path, content)) return holdLock(path, content);
    const state = await readState(path);
    if (state === undefined) continue;
    if (isAbandoned(state)) {
      await removeAbandoned(path, state.token, deadlineMs, signal);
      continue;
    }
    if (Date.now() >= deadlineMs) throw locked(path, state);
    await delay(POLL_MS, undefined, signal ? { signal } : {});
  }
}

async function createLock(path: string, content: string): Promise<boolean> {
  try {
    const file = await open(path, 'wx', 0o600);
    try {
      await file.writeFile(content);
    } catch (error) {
      // a full disk must not leave a lock without a holder
      await rm(path, { force: true });
      throw error;
    } finally {
      await file.close();
    }
    return true;
  } catch (cause) {
    if (systemCode(cause) === 'EEXIST') return false;
    throw ioError('lock', path, cause);
  }
}

function holdLock(path: string, content: string): () => Promise<void> {
  const heartbeat = setInterval(() => {
    const now = new Date();
    // when it fails the lock was deleted by hand; release() copes
    utimes(path, now, now).catch(() => undefined);
  }, HEARTBEAT_MS);
  heartbeat.unref();
  return async () => {
    clearInterval(heartbeat);
    const current = await readFile(path, 'utf8').catch(() => undefined);
    if (current === content) await rm(path, { force: true });
  };
}

async function readState(path: string): Promise<LockState | undefined> {
  try {
    const content = await readFile(path, 'utf8');
    const { mtimeMs } = await stat(path);
    const token = createHash('sha256').update(`${mtimeMs} ${content}`).digest('hex').slice(0, 16);
    return { token, ageMs: Date.now() - mtimeMs, ...parseHolder(content) };
  } catch (cause) {
    if (systemCode(cause) === 'ENOENT') return undefined;
    throw ioError('read', path, cause);
  }
}

/** A holder killed between creating and filling its lock leaves no name. */
function parseHolder(content: string): { pid: number | undefined; host: string | undefined } {
  const pid = /"pid":(\d{1,10})/.exec(content)?.[1];
  return { pid: pid === undefined ? undefined : Number(pid), host: /"host":"([^"]*)"/.exec(content)?.[1] };
}

/** The process table alone proves nothing: containers may share a host name but not their process ids. */
function isAbandoned({ ageMs, pid, host }: LockState): boolean {
  if (ageMs > SILENT_MS) return true;
  return ageMs > DEAD_MS && pid !== undefined && pid !== process.pid && host === hostname() && !processExists(pid);
}

function processExists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemCode(error) !== 'ESRCH';
  }
}

/**
 * Only one of several waiting processes may delete an abandoned lock, else a slow one deletes the new lock of a fast
 * one: the right to delete is itself a lock, named after the state that was seen.
 */
async function removeAbandoned(path: string, token: string, deadlineMs: number, signal?: AbortSignal): Promise<void> {
  const release = await acquire(`${path}.${token}`, deadlineMs, signal);
  try {
    if ((await readState(path))?.token === token) await rm(path, { force: true });
  } finally {
    await release();
  }
}

const locked = (path: string, { pid, host }: LockState): PkiError =>
  new PkiError(
    'ERR_PKI_LOCKED',
    `another run works on this tree (process ${pid ?? 'unknown'} on ${host ?? 'unknown'}); if there is none, delete ${path}`,
    { path },
  );
