import { closeSync, fdatasyncSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import { SimulatorError } from '../errors.js';
import type { ByteStore } from './byte-store.js';

const FILL_BYTES = 64 * 1024;

/**
 * Bytes in an existing file. The file is a plain dump of the flash that may end early: behind its end the flash is erased.
 * Writes go straight to the operating system, so they survive the death of the process; `sync` also survives its machine's.
 */
export const openFileStore = (path: string): ByteStore => {
  const guard = <T>(what: string, action: () => T): T => {
    try {
      return action();
    } catch (cause) {
      throw new SimulatorError('state_file', `cannot ${what} state file ${path}`, { cause });
    }
  };
  const fd = guard('open', () => openSync(path, 'r+'));
  let size = guard('read', () => fstatSync(fd).size);
  let open = true;

  const writeAll = (offset: number, bytes: Uint8Array): void => {
    for (let done = 0; done < bytes.length;) {
      done += writeSync(fd, bytes, done, bytes.length - done, offset + done);
    }
  };
  return {
    read(offset, length) {
      const out = new Uint8Array(length).fill(0xff);
      guard('read', () => {
        for (let done = 0; done < length;) {
          const count = readSync(fd, out, done, length - done, offset + done);
          if (count === 0) break;
          done += count;
        }
      });
      return out;
    },
    put(offset, bytes) {
      guard('write', () => {
        while (size < offset) {
          const gap = Math.min(FILL_BYTES, offset - size);
          writeAll(size, new Uint8Array(gap).fill(0xff));
          size += gap;
        }
        writeAll(offset, bytes);
        size = Math.max(size, offset + bytes.length);
      });
    },
    sync() {
      guard('write', () => {
        fdatasyncSync(fd);
      });
    },
    close() {
      if (!open) return;
      open = false;
      closeSync(fd);
    },
  };
};
