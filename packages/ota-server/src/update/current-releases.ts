import { newestOf } from './decide-update.js';
import type { Release } from './release.js';

/**
 * The newest release of each project and chip, in order of `seq`: what devices are offered, and what can be renewed. Of
 * equal versions, the one with the highest number.
 */
export function currentReleases(releases: readonly Release[]): readonly Release[] {
  const groups = new Map<string, Release[]>();
  for (const release of releases) {
    const key = JSON.stringify([release.project, release.chip]);
    groups.set(key, [...(groups.get(key) ?? []), release]);
  }
  return [...groups.values()].flatMap((group) => newestOf(group) ?? []).sort((a, b) => a.seq - b.seq);
}
