import { openPki } from '@secure-esp/pki';
import { createFleet, type Fleet, type VirtualDeviceOptions } from '@secure-esp/simulator';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { print, untilAborted, type CliContext } from '../context.js';
import { CliError } from '../errors.js';
import { pathOf, readInput } from '../files.js';
import { trustedOf } from '../keys.js';
import { fleetCredentials } from '../sim/fleet-credentials.js';
import { figureLines, fleetFigures } from '../sim/fleet-figures.js';
import { createFleetTally, type FleetTally } from '../sim/fleet-tally.js';
import { createResourceMeter, type ResourceMeter, type Usage } from '../sim/resource-meter.js';
import { showFleet } from '../terminal/fleet-display.js';
import { printJson } from './pki-format.js';
import { numberedIds } from './pki-issue-ids.js';
import type { SimOptions } from './sim.js';

export interface SimFleetOptions extends SimOptions {
  readonly count: number;
}

/** `secure-esp sim --count N`: many devices in one process, their progress, and what each of them cost. */
export async function simFleet(context: CliContext, options: SimFleetOptions): Promise<void> {
  const meter = createResourceMeter();
  const ids = numberedIds(options.count, options.prefix);
  const tally = createFleetTally(ids.length, () => performance.now());
  const run: FleetRun = { context, options, tally, meter };
  const list = await devicesOf(run, ids);
  const before = meter.now();
  const fleet = await createFleet(list, { signal: context.signal, startsPerSecond: options.rate });
  const made = meter.now();
  let measured: Measured;
  try {
    measured = await runFleet(run, fleet);
  } finally {
    await fleet.stop();
  }
  const figures = fleetFigures(tally, { before, made, ...measured, peakRssBytes: meter.peakRssBytes() });
  if (options.json === true) printJson(context, figures);
  else for (const line of figureLines(figures)) print(context, line);
  if (figures.failedRuns + figures.dead > 0) {
    throw new CliError(
      `${figures.failedRuns} update(s) failed and ${figures.dead} device(s) stopped working.`,
      'See the reasons above, and `secure-esp device watch` for one device.',
    );
  }
}

interface FleetRun {
  readonly context: CliContext;
  readonly options: SimFleetOptions;
  readonly tally: FleetTally;
  readonly meter: ResourceMeter;
}

interface Measured {
  readonly online: Usage | undefined;
  readonly last: Usage;
}

const LOOK_EVERY_MS = 50;

/** Until Ctrl-C, or with `--once` until every device confirmed an update. */
async function runFleet({ context, options, tally, meter }: FleetRun, fleet: Fleet): Promise<Measured> {
  const ended = new AbortController();
  const signal = AbortSignal.any([context.signal, ended.signal]);
  const display = showFleet(context, () => tally.counts);
  let online: Usage | undefined;
  let last: Usage | undefined;
  const look = (): void => {
    const { counts } = tally;
    const settled = counts.updating === 0 && counts.online === counts.devices;
    if (online === undefined && counts.online === counts.devices) {
      online = meter.now();
      context.stderr.write(`${counts.devices} virtual devices are online; Ctrl-C switches them off\n`);
    } else if (last === undefined && online !== undefined && settled && tally.updateMs !== undefined) {
      last = meter.now();
    } else if (counts.updating > 0) {
      last = undefined;
    }
    if (options.once === true && last !== undefined && counts.confirmed + counts.failedRuns >= counts.devices) {
      ended.abort();
    }
  };
  const looking = setInterval(look, LOOK_EVERY_MS);
  try {
    await fleet.start().catch((error: unknown) => {
      if (!context.signal.aborted) throw error;
    });
    await untilAborted(signal);
    return { online, last: last ?? meter.now() };
  } finally {
    clearInterval(looking);
    display.close();
  }
}

async function devicesOf(
  { context, options, tally }: FleetRun,
  ids: readonly string[],
): Promise<VirtualDeviceOptions[]> {
  const firmware = await readInput(context, options.firmware, 'image');
  const tree = await openPki(pathOf(context, options.dir));
  const stateDir = pathOf(context, options.state ?? join(options.dir, 'flash'));
  if (options.state !== undefined) await mkdir(stateDir, { recursive: true });
  const pairs = await fleetCredentials(context, tree, ids, { ...options, stateDir });
  const shared = {
    firmware,
    trusted: await trustedOf(tree),
    releaseKeys: [tree.releasePublicKey],
    settings: {
      requireManifest: options.requireManifest === true,
      automaticChecks: options.checks,
      broadcastRunSpreadSeconds: options.spread,
    },
    onEvent: tally.event,
    ...(options.firmwareVersion === undefined ? {} : { firmwareVersion: options.firmwareVersion }),
  };
  return ids.flatMap((id, index) => {
    const pair = pairs[index];
    if (pair === undefined) return [];
    return {
      ...shared,
      id,
      mqtt: { url: options.url, ...pair },
      ota: { url: options.ota, ...pair },
      // Without a folder their flash is in memory, and gone with the process.
      ...(options.state === undefined ? {} : { stateFile: join(stateDir, `${id}.flash`) }),
    };
  });
}
