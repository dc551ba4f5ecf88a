import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { initPki, type Credentials, type PkiTree } from '@secure-esp/pki';

/** A certificate tree of its own in a temporary folder. */
export interface TestPki extends AsyncDisposable {
  readonly tree: PkiTree;
  readonly dir: string;
  /** A device's credentials as options take them. */
  device(id: string): Promise<{ readonly cert: string; readonly key: string; readonly ca: string }>;
}

export const createTestPki = async (devices: readonly string[]): Promise<TestPki> => {
  const dir = await mkdtemp(join(tmpdir(), 'sesp-simulator-'));
  const tree = await initPki({ dir: join(dir, 'pki'), devices, chips: ['esp32', 'esp32c6'] });
  return {
    tree,
    dir,
    async device(id) {
      const { cert, key }: Credentials = await tree.issueDevice(id);
      return { cert, key, ca: tree.ca };
    },
    async [Symbol.asyncDispose]() {
      await rm(dir, { recursive: true, force: true });
    },
  };
};
