import { print, type CliContext } from '../context.js';
import { collectDevices } from '../device/collect-devices.js';
import type { DeviceRow } from '../device/device-board.js';
import { asOperator, type OperatorOptions } from '../operator.js';
import { onlineCell, toTable, updateCell } from '../terminal/device-table.js';
import { styleOf } from '../terminal/style.js';
import { printable } from './image-output.js';
import { printJson } from './pki-format.js';

export interface DeviceListOptions extends OperatorOptions {
  readonly json?: true;
  readonly online?: true;
}

/** `secure-esp device list` */
export async function deviceList(context: CliContext, options: DeviceListOptions): Promise<void> {
  const known = await asOperator(context, options, (client) => collectDevices(client, context.signal));
  const rows = options.online === true ? known.filter(({ online }) => online === true) : known;
  if (options.json === true) {
    printJson(context, rows.map(toJson));
    return;
  }
  if (rows.length > 0) print(context, toTable(HEAD, cellsOf(context, rows)));
  const online = rows.filter((row) => row.online === true).length;
  const count = `${rows.length} ${rows.length === 1 ? 'device' : 'devices'}`;
  if (rows.length > 0) print(context, `${count}, ${online} online`);
  else print(context, known.length === 0 ? 'no device has reported to this broker' : 'no device is online');
}

const HEAD = ['ID', 'ONLINE', 'PROJECT', 'VERSION', 'CHIP', 'UPDATE'];

function cellsOf(context: CliContext, rows: readonly DeviceRow[]): readonly (readonly string[])[] {
  const style = styleOf(context.stdout, context.env);
  return rows.map((row) => [
    printable(row.id),
    onlineCell(row, style),
    printable(row.project ?? '-'),
    printable(row.version ?? '-'),
    printable(row.chip ?? '-'),
    row.update === undefined ? '-' : updateCell(row.update, style),
  ]);
}

const toJson = ({ id, online, project, version, chip, update, retained }: DeviceRow): object => ({
  id,
  online: online ?? null,
  project: project ?? null,
  version: version ?? null,
  chip: chip ?? null,
  updateState: update?.state ?? null,
  retained,
});
