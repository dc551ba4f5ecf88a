import { linkSync, readFileSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { SimulatorError } from '../errors.js';

const isErrno = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code;

const attempt = (action: () => void, tolerated: string): boolean => {
  try {
    action();
    return true;
  } catch (error) {
    if (isErrno(error, tolerated)) return false;
    throw error;
  }
};

/** When a process was started, so that a recycled process id is not taken for the owner. Linux only; elsewhere empty. */
const startOf = (pid: number): string => {
  try {
    const stat = readFileSync(`/proc/${String(pid)}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
};

const isAlive = (owner: string): boolean => {
  const [pidText = '', start = ''] = owner.trim().split(' ');
  const pid = Number(pidText);
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    return isErrno(error, 'EPERM');
  }
  const now = startOf(pid);
  return start === '' || now === '' || start === now;
};

/** `undefined`: there is no lock. */
const readOwner = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
};

/**
 * Moves a dead owner's lock out of the way. Two processes may do this at once: whoever finds that it has moved a fresh
 * lock puts it back, so a live lock is never lost.
 */
const removeStale = (path: string, stale: string): void => {
  const aside = `${path}.${randomUUID()}`;
  if (
    !attempt(() => {
      renameSync(path, aside);
    }, 'ENOENT')
  )
    return;
  if (readOwner(aside) !== stale)
    attempt(() => {
      linkSync(aside, path);
    }, 'EEXIST');
  unlinkSync(aside);
};

/**
 * Takes `<path>.lock`, which names this process. The lock of a process that died is taken over.
 * @returns the release function, idempotent
 * @throws SimulatorError `state_file_locked`, `state_file`
 */
export const lockFile = (path: string): (() => void) => {
  const lock = `${path}.lock`;
  const me = `${String(process.pid)} ${startOf(process.pid)} ${randomUUID()}`;
  try {
    for (let round = 0; round < 3; round += 1) {
      // A hard link appears with its content or not at all; a created file would be empty for a moment.
      const draft = `${lock}.${randomUUID()}`;
      writeFileSync(draft, me, { flag: 'wx', mode: 0o600 });
      const taken = attempt(() => {
        linkSync(draft, lock);
      }, 'EEXIST');
      unlinkSync(draft);
      if (taken) {
        let held = true;
        return () => {
          if (!held) return;
          held = false;
          if (readOwner(lock) === me)
            attempt(() => {
              unlinkSync(lock);
            }, 'ENOENT');
        };
      }
      const owner = readOwner(lock);
      if (owner === undefined) continue;
      if (isAlive(owner)) {
        const [pid = ''] = owner.split(' ');
        throw new SimulatorError('state_file_locked', `state file ${path} is in use by process ${pid}`);
      }
      removeStale(lock, owner);
    }
  } catch (cause) {
    if (cause instanceof SimulatorError) throw cause;
    throw new SimulatorError('state_file', `cannot lock state file ${path}`, { cause });
  }
  throw new SimulatorError('state_file_locked', `state file ${path} is being opened by several processes`);
};
