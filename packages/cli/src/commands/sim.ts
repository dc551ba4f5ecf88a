import { openPki } from '@secure-esp/pki';
import { startVirtualDevices } from '@secure-esp/simulator';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { print, untilAborted, type CliContext } from '../context.js';
import { CliError } from '../errors.js';
import { pathOf, readInput } from '../files.js';
import { trustedOf } from '../keys.js';
import { printJsonLine } from '../output.js';
import { deviceOverEst, type EstDeviceOptions } from './est-device.js';
import { simFleet } from './sim-fleet.js';

export interface SimOptions extends EstDeviceOptions {
  readonly dir: string;
  readonly firmware: string;
  readonly firmwareVersion?: string;
  readonly url: string;
  readonly ota: string;
  readonly state?: string;
  readonly requireManifest?: true;
  readonly checks: boolean;
  /** so many devices, numbered, instead of named ones */
  readonly count?: number;
  readonly prefix?: string;
  /** devices that are switched on in one second */
  readonly rate: number;
  /** seconds over which a broadcast `update/run` spreads */
  readonly spread: number;
  readonly json?: true;
  readonly once?: true;
}

/** `secure-esp sim` */
export async function sim(context: CliContext, ids: readonly string[], options: SimOptions): Promise<void> {
  if (options.count !== undefined) {
    if (ids.length > 0)
      throw new CliError('give ids or --count, one of the two.', 'Run with --help for what it takes.', 2);
    await simFleet(context, { ...options, count: options.count });
    return;
  }
  const firmware = await readInput(context, options.firmware, 'image');
  const tree = await openPki(pathOf(context, options.dir));
  const stateDir = pathOf(context, options.state ?? join(options.dir, 'flash'));
  await mkdir(stateDir, { recursive: true });
  const trusted = await trustedOf(tree);
  const devices = await Promise.all(
    (ids.length === 0 ? ['esp-001'] : ids).map(async (id) => {
      const { cert, key, ca } = await (options.est === undefined
        ? tree.device(id)
        : deviceOverEst(context, id, { ...options, est: options.est, dir: join(stateDir, id), ca: tree.ca }));
      return {
        id,
        firmware,
        stateFile: join(stateDir, `${id}.flash`),
        mqtt: { url: options.url, cert, key, ca },
        ota: { url: options.ota, cert, key, ca },
        trusted,
        releaseKeys: [tree.releasePublicKey],
        settings: {
          requireManifest: options.requireManifest === true,
          automaticChecks: options.checks,
          broadcastRunSpreadSeconds: options.spread,
        },
        onLog: (line: { text: string }) => {
          if (options.json === true) printJsonLine(context, { type: 'log', device: id, text: line.text });
          else print(context, `${id.padEnd(10)} ${line.text}`);
        },
        ...(options.firmwareVersion === undefined ? {} : { firmwareVersion: options.firmwareVersion }),
      };
    }),
  );
  const fleet = await startVirtualDevices(devices, { signal: context.signal });
  if (options.json === true) printJsonLine(context, { type: 'running', devices: devices.map(({ id }) => id) });
  else print(context, `${devices.length} virtual device(s) run; Ctrl-C switches them off`);
  try {
    await untilAborted(context.signal);
  } finally {
    await fleet.stop();
  }
}
