import type { GeneratedFile } from './generate-c.js';

/** How generated files differ from those that exist. */
export interface GeneratedDiff {
  /** Paths that do not exist yet. */
  readonly missing: readonly string[];
  /** Paths whose content is another one. */
  readonly stale: readonly string[];
  readonly upToDate: boolean;
}

/** Compares what a generator made with what is on disk (path to content), for `--check`. Reads nothing itself. */
export function diffGenerated(files: readonly GeneratedFile[], existing: ReadonlyMap<string, string>): GeneratedDiff {
  const missing = files.filter(({ path }) => !existing.has(path)).map(({ path }) => path);
  const stale = files
    .filter(({ path, content }) => existing.has(path) && existing.get(path) !== content)
    .map(({ path }) => path);
  return { missing, stale, upToDate: missing.length + stale.length === 0 };
}
