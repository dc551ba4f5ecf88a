import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** What this process uses, at one moment. */
export interface Usage {
  readonly atMs: number;
  /** user and system time of all threads */
  readonly cpuMs: number;
  readonly rssBytes: number;
  /** live objects, after a collection */
  readonly heapBytes: number;
  /** memory of buffers, and what V8 knows of native objects */
  readonly externalBytes: number;
}

export interface ResourceMeter {
  readonly now: () => Usage;
  /** The highest resident set so far, as the operating system counted it. */
  readonly peakRssBytes: () => number;
}

/** Collects first: what nobody refers to belongs to no device. */
const collector = (): (() => void) => {
  setFlagsFromString('--expose_gc');
  return runInNewContext('gc') as () => void;
};

export function createResourceMeter(): ResourceMeter {
  const collect = collector();
  return {
    now() {
      const { user, system } = process.cpuUsage();
      const atMs = performance.now();
      collect();
      const { rss, heapUsed, external } = process.memoryUsage();
      return { atMs, cpuMs: (user + system) / 1000, rssBytes: rss, heapBytes: heapUsed, externalBytes: external };
    },
    peakRssBytes: () => process.resourceUsage().maxRSS * 1024,
  };
}
