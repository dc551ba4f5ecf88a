import CliTable3 from 'cli-table3';
import { printable } from '../commands/image-output.js';
import type { DeviceRow, UpdateRow } from '../device/device-board.js';
import type { Style } from './style.js';

export interface TableOptions {
  /** Columns of the terminal. */
  readonly width: number;
  /** Lines that the table may have. */
  readonly height: number;
  /** Unix milliseconds. */
  readonly now: number;
  readonly style: Style;
}

/** No lines between the cells: the table is read, copied and searched as text. */
const PLAIN = {
  chars: {
    ...{ top: '', 'top-mid': '', 'top-left': '', 'top-right': '' },
    ...{ bottom: '', 'bottom-mid': '', 'bottom-left': '', 'bottom-right': '' },
    ...{ left: '', 'left-mid': '', mid: '', 'mid-mid': '', right: '', 'right-mid': '', middle: '  ' },
  },
  style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
};

/** Rows as aligned text, each cell cut where its column ends; no column takes more than it needs. */
export function toTable(head: readonly string[], rows: readonly (readonly string[])[], width = Infinity): string {
  const needed = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => visibleLength(row[column] ?? ''))),
  );
  const last = needed.length - 1;
  const before = needed.slice(0, last).reduce((sum, columns) => sum + columns + 2, 0);
  const colWidths = needed.map((columns, column) =>
    Math.max(1, column === last ? Math.min(columns, width - before) : columns),
  );
  const table = new CliTable3({ ...PLAIN, head: [...head], colWidths });
  for (const row of rows) table.push([...row]);
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

// eslint's no-control-regex does not see through a constructor, and these are the colours written here
const COLOURS = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, 'g');
const visibleLength = (text: string): number => text.replace(COLOURS, '').length;

const HEAD = ['ID', 'ONLINE', 'SINCE', 'VERSION', 'UPDATE', 'LAST LOG LINE'];

/** The whole picture of `device watch`: a line about the fleet, the table, and how many rows there was no room for. */
export function fleetPicture(rows: readonly DeviceRow[], { width, height, now, style }: TableOptions): string {
  const online = rows.filter((row) => row.online === true).length;
  const title = `${rows.length} ${rows.length === 1 ? 'device' : 'devices'}, ${online} online; Ctrl-C ends`;
  // title, head, and the line that counts the rest
  const room = Math.max(1, height - 3);
  const shown = rows.length <= room ? rows : [...rows].sort(interestingFirst).slice(0, room);
  const cells = shown.map((row) => [
    printable(row.id),
    onlineCell(row, style),
    row.since === undefined ? '' : durationText(now - row.since),
    printable(row.version ?? '-'),
    row.update === undefined ? '' : updateCell(row.update, style),
    printable(row.lastLog ?? ''),
  ]);
  const rest = rows.length - shown.length;
  return [
    title,
    ...(rows.length === 0 ? ['waiting for the first device'] : [toTable(HEAD, cells, width)]),
    ...(rest === 0 ? [] : [`… and ${rest} more`]),
  ].join('\n');
}

/** Who is updated or came and went last is shown where not all can be. */
function interestingFirst(a: DeviceRow, b: DeviceRow): number {
  return Number(isRunning(b)) - Number(isRunning(a)) || (b.since ?? 0) - (a.since ?? 0);
}

const RESTING = ['idle', 'confirmed', 'rolled_back', 'failed'];
const isRunning = ({ update }: DeviceRow): boolean => update !== undefined && !RESTING.includes(update.state);

export function onlineCell({ online }: Pick<DeviceRow, 'online'>, style: Style): string {
  if (online === undefined) return '?';
  return online ? style.green('yes') : style.dim('no');
}

const BAR_CELLS = 10;

/** `downloading [####------] 40 %`, `confirmed 1.1.0`, `failed bad_hash`. */
export function updateCell({ state, fraction, to, reason }: UpdateRow, style: Style): string {
  const name = printable(state);
  if (state === 'downloading') {
    const full = Math.round(fraction * BAR_CELLS);
    return `${name} [${'#'.repeat(full)}${'-'.repeat(BAR_CELLS - full)}] ${Math.floor(fraction * 100)} %`;
  }
  const why = printable(reason ?? to ?? '');
  const text = why === '' ? name : `${name} ${why}`;
  if (state === 'confirmed') return style.green(text);
  return (state === 'failed' && reason !== 'none_newer') || state === 'rolled_back' ? style.red(text) : text;
}

/** `42s`, `3m`, `5h`, `2d`. */
export function durationText(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m`;
  return seconds < 86_400 ? `${Math.floor(seconds / 3600)}h` : `${Math.floor(seconds / 86_400)}d`;
}
