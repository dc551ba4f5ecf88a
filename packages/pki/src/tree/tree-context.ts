import { FilePkiStore } from '../stores/file-pki-store.js';
import type { TreePaths } from './tree-paths.js';
import { TreeWriter, type TreeWriterOptions } from './tree-writer.js';

/** What every step of a run on a tree works with. */
export interface TreeContext {
  readonly paths: TreePaths;
  readonly now: () => Date;
  readonly writer: TreeWriter;
  readonly store: FilePkiStore;
}

export function treeContext(paths: TreePaths, now: () => Date, options: TreeWriterOptions = {}): TreeContext {
  const writer = new TreeWriter(paths.root, options);
  const store = new FilePkiStore(paths.issuedDir, {
    onWrite: (path) => {
      writer.announce(path);
    },
  });
  return Object.freeze({ paths, now, writer, store });
}
