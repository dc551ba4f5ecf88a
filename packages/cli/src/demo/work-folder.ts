import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

const NAME = /^demo-([0-9]+)$/;

/**
 * A folder of this process below `dir`, so that two demos on one PKI do not disturb each other. Those of processes that
 * were killed are removed.
 */
export async function makeWorkFolder(dir: string, pid: number = process.pid): Promise<string> {
  for (const name of await readdir(dir)) {
    const owner = NAME.exec(name)?.[1];
    if (owner !== undefined && (Number(owner) === pid || !isRunning(Number(owner)))) {
      await rm(join(dir, name), { recursive: true, force: true });
    }
  }
  const folder = join(dir, `demo-${pid}`);
  await mkdir(join(folder, 'flash'), { recursive: true });
  return folder;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Somebody else's process, which is running all the same.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
