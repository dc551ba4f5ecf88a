import type { DeviceEvent } from '@secure-esp/simulator';

/** How far a fleet is, in devices, and what went wrong. */
export interface FleetCounts {
  readonly devices: number;
  readonly online: number;
  /** A run is under way. */
  readonly updating: number;
  /** The last run ended with a confirmed image. */
  readonly confirmed: number;
  /** Runs that ended otherwise: `failed` or `rolled_back`. */
  readonly failedRuns: number;
  /** Devices that cannot go on: nothing bootable, or the core trapped. */
  readonly dead: number;
  /** Attempts to reach the broker that failed; the device tries again by itself. */
  readonly connectFailures: number;
}

export interface FleetTally {
  readonly counts: FleetCounts;
  /** Reasons of runs that failed, each with its number. */
  readonly reasons: ReadonlyMap<string, number>;
  /** Milliseconds from the first run's begin to the last end so far; `undefined` before there was one. */
  readonly updateMs: number | undefined;
  readonly event: (event: DeviceEvent) => void;
}

/** Under way, by `update/state`; the other states are ends, or no run at all. */
const RUNNING: ReadonlySet<string> = new Set(['checking', 'downloading', 'verifying', 'rebooting', 'pending_confirm']);

/** Follows the events of all devices of a fleet. */
export function createFleetTally(devices: number, nowMs: () => number): FleetTally {
  const online = new Set<string>();
  const updating = new Set<string>();
  const confirmed = new Set<string>();
  const dead = new Set<string>();
  const reasons = new Map<string, number>();
  let failedRuns = 0;
  let connectFailures = 0;
  let beganMs: number | undefined;
  let endedMs: number | undefined;

  const runChanged = (device: string, state: string, reason: string | null): void => {
    if (RUNNING.has(state)) {
      beganMs ??= nowMs();
      updating.add(device);
      confirmed.delete(device);
      return;
    }
    if (!updating.delete(device)) return;
    endedMs = nowMs();
    if (state === 'confirmed') confirmed.add(device);
    if (state !== 'failed' && state !== 'rolled_back') return;
    // Asked, and nothing newer was there: that is how a check ends.
    if (reason === 'none_newer') return;
    failedRuns += 1;
    const name = reason ?? state;
    reasons.set(name, (reasons.get(name) ?? 0) + 1);
  };
  return {
    get counts() {
      return {
        devices,
        online: online.size,
        updating: updating.size,
        confirmed: confirmed.size,
        failedRuns,
        dead: dead.size,
        connectFailures,
      };
    },
    reasons,
    get updateMs() {
      return beganMs === undefined || endedMs === undefined ? undefined : endedMs - beganMs;
    },
    event(event) {
      const { device, type } = event;
      if (type === 'online') online.add(device);
      else if (type === 'connectFailed') connectFailures += 1;
      else if (type === 'updateState') runChanged(device, event.update.state, event.update.reason);
      else if (type === 'failed') dead.add(device);
      if (type === 'disconnected' || type === 'restarting' || type === 'stopped' || type === 'failed') {
        online.delete(device);
      }
    },
  };
}
