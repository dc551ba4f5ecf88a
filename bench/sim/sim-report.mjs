// Tables of the fleet.
import { table } from '../lib/table.mjs';

const kib = (bytes) => (bytes / 1024).toFixed(0);
const mib = (bytes) => (bytes / 1024 / 1024).toFixed(0);
const seconds = (ms) => (ms / 1000).toFixed(1);

const deviceTable = (results) =>
  table(
    [
      'Devices',
      'confirmed',
      'failed',
      'KiB each',
      'of it heap',
      'of it buffers',
      'CPU ms each, connect',
      'CPU ms each, update',
      'MiB in all',
      'MiB at the peak',
    ],
    results.map(({ devices, figures: { confirmed, failedRuns, dead, memory, connect, update } }) => [
      String(devices),
      String(confirmed),
      String(failedRuns + dead),
      kib(memory.rssBytesPerDevice),
      kib(memory.heapBytesPerDevice),
      kib(memory.externalBytesPerDevice),
      connect.cpuMsPerDevice.toFixed(1),
      update.cpuMsPerDevice.toFixed(1),
      mib(memory.rssBytes),
      mib(memory.peakRssBytes),
    ]),
  );

const paceTable = (results) =>
  table(
    [
      'Devices',
      'online after, s',
      'attempts that failed',
      'starts spread over, s',
      'all updated after, s',
      'Mosquitto: CPU s',
      'Mosquitto: MiB',
      'update server: CPU s',
      'update server: MiB',
    ],
    results.map(({ devices, spread, figures: { connect, connectFailures, update }, busy }) => [
      String(devices),
      seconds(connect.ms),
      String(connectFailures),
      String(spread),
      seconds(update.ms),
      busy.broker.cpuSeconds.toFixed(1),
      mib(busy.broker.residentBytes),
      busy.ota.cpuSeconds.toFixed(1),
      mib(busy.ota.residentBytes),
    ]),
  );

/** Blocks of the template by their names. */
export const simBlocks = (results) => ({ fleet_devices: deviceTable(results), fleet_pace: paceTable(results) });
