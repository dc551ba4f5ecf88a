import type { FleetTally } from './fleet-tally.js';
import type { Usage } from './resource-meter.js';

/** The moments that the figures lie between. */
export interface FleetMoments {
  /** before there was a device */
  readonly before: Usage;
  /** all devices made, none switched on */
  readonly made: Usage;
  /** all online; `undefined`: it did not come to that */
  readonly online: Usage | undefined;
  /** when the last run ended, or at the end */
  readonly last: Usage;
  readonly peakRssBytes: number;
}

/** What `sim --json` prints. Bytes and milliseconds; per device where the name says so. */
export interface FleetFigures {
  readonly devices: number;
  readonly confirmed: number;
  readonly failedRuns: number;
  readonly failedReasons: Readonly<Record<string, number>>;
  readonly dead: number;
  readonly connectFailures: number;
  readonly connect: {
    readonly ms: number;
    readonly devicesPerSecond: number;
    readonly cpuMsPerDevice: number;
  } | null;
  readonly update: {
    readonly ms: number;
    readonly devicesPerSecond: number;
    readonly cpuMsPerDevice: number;
  } | null;
  /** A device that is online and idle, and how much more the process ever had. */
  readonly memory: {
    readonly rssBytesPerDevice: number;
    readonly heapBytesPerDevice: number;
    readonly externalBytesPerDevice: number;
    readonly rssBytesBefore: number;
    readonly rssBytes: number;
    readonly peakRssBytes: number;
  };
}

export function fleetFigures(tally: FleetTally, moments: FleetMoments): FleetFigures {
  const { before, made, online, last, peakRssBytes } = moments;
  const { devices, confirmed, failedRuns, dead, connectFailures } = tally.counts;
  const { updateMs } = tally;
  const each = (total: number): number => Math.round(total / devices);
  const eachMs = (total: number): number => Math.round((total / devices) * 100) / 100;
  const perSecond = (count: number, ms: number): number => Math.round((count * 10_000) / ms) / 10;
  const idle = online ?? last;
  return {
    devices,
    confirmed,
    failedRuns,
    failedReasons: Object.fromEntries(tally.reasons),
    dead,
    connectFailures,
    connect:
      online === undefined
        ? null
        : {
            ms: Math.round(online.atMs - made.atMs),
            devicesPerSecond: perSecond(devices, online.atMs - made.atMs),
            cpuMsPerDevice: eachMs(online.cpuMs - made.cpuMs),
          },
    update:
      online === undefined || updateMs === undefined
        ? null
        : {
            ms: Math.round(updateMs),
            devicesPerSecond: perSecond(confirmed, updateMs),
            cpuMsPerDevice: eachMs(last.cpuMs - online.cpuMs),
          },
    memory: {
      rssBytesPerDevice: each(idle.rssBytes - before.rssBytes),
      heapBytesPerDevice: each(idle.heapBytes - before.heapBytes),
      externalBytesPerDevice: each(idle.externalBytes - before.externalBytes),
      rssBytesBefore: before.rssBytes,
      rssBytes: idle.rssBytes,
      peakRssBytes,
    },
  };
}

const kib = (bytes: number): string => `${(bytes / 1024).toFixed(1)} KiB`;
const mib = (bytes: number): string => `${(bytes / 1024 / 1024).toFixed(0)} MiB`;
const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

/** The figures as a person reads them, a line each. */
export function figureLines({ devices, memory, connect, update, ...counts }: FleetFigures): readonly string[] {
  const { confirmed, failedRuns, failedReasons, dead, connectFailures } = counts;
  const reasons = Object.entries(failedReasons).map(([reason, count]) => `${count} ${reason}`);
  const pace = ({ ms, devicesPerSecond, cpuMsPerDevice }: NonNullable<FleetFigures['connect']>): string =>
    `${seconds(ms)}, ${devicesPerSecond} a second, ${cpuMsPerDevice} ms of CPU each`;
  return [
    `devices    ${devices}, ${dead} dead, ${connectFailures} connection attempts failed`,
    `connect    ${connect === null ? 'not all came online' : pace(connect)}`,
    ...(update === null
      ? []
      : [
          `update     ${pace(update)}`,
          `runs       ${confirmed} confirmed, ${failedRuns} failed${reasons.length === 0 ? '' : ` (${reasons.join(', ')})`}`,
        ]),
    `memory     ${kib(memory.rssBytesPerDevice)} resident each, of it ${kib(memory.heapBytesPerDevice)} heap and ${kib(memory.externalBytesPerDevice)} buffers; ${mib(memory.peakRssBytes)} at most in all`,
  ];
}
