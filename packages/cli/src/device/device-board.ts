import type { AnyEvent } from '../operator.js';

/** How far a device's last update is. */
export interface UpdateRow {
  readonly state: string;
  /** Part of the download that is done, 0..1. */
  readonly fraction: number;
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly reason: string | undefined;
}

/** What is known of one device. */
export interface DeviceRow {
  readonly id: string;
  /** Undefined: it never said. */
  readonly online: boolean | undefined;
  readonly project: string | undefined;
  /** Of a device that is offline: the last one known. */
  readonly version: string | undefined;
  readonly chip: string | undefined;
  readonly update: UpdateRow | undefined;
  /** When `online` was seen to change, Unix milliseconds. Undefined: before anybody looked; brokers do not keep it. */
  readonly since: number | undefined;
  readonly lastLog: string | undefined;
  /** Values that the broker retains, by leaf. */
  readonly retained: Readonly<Record<string, unknown>>;
}

/** All devices of a fleet as far as events told, in order of their ids. */
export class DeviceBoard {
  readonly #rows = new Map<string, DeviceRow>();

  rows(): readonly DeviceRow[] {
    return [...this.#rows.values()].sort((a, b) => byId.compare(a.id, b.id));
  }

  apply(event: AnyEvent): void {
    const { device: id, type } = event;
    if (id === undefined) return;
    const row = this.#rows.get(id) ?? emptyRow(id);
    const next = type === 'cleared' ? cleared(row, event.leaf ?? '') : changed(row, event);
    // What is forgotten leaves the table, once nothing of it is left.
    if (type === 'cleared' && Object.keys(next.retained).length === 0) this.#rows.delete(id);
    else this.#rows.set(id, next);
  }
}

/** `esp-9` comes before `esp-10`. */
export const byId = new Intl.Collator('en', { numeric: true });

const emptyRow = (id: string): DeviceRow => ({
  ...{ id, online: undefined, project: undefined, version: undefined, chip: undefined, update: undefined },
  ...{ since: undefined, lastLog: undefined, retained: {} },
});

function changed(row: DeviceRow, { type, value, retained, receivedAt }: AnyEvent): DeviceRow {
  if (type === 'log') return { ...row, lastLog: textOf(value) };
  const next = { ...row, retained: { ...row.retained, [type]: value } };
  if (type === 'status') return withStatus(next, value, retained === true ? undefined : receivedAt);
  return type === 'update/state' ? withUpdate(next, value) : next;
}

function cleared(row: DeviceRow, leaf: string): DeviceRow {
  const retained = Object.fromEntries(Object.entries(row.retained).filter(([other]) => other !== leaf));
  if (leaf === 'status') return { ...row, retained, online: undefined };
  return leaf === 'update/state' ? { ...row, retained, update: undefined } : { ...row, retained };
}

/** The last will has no version: what was known of the device stays. */
function withStatus(row: DeviceRow, value: unknown, seenAt: number | undefined): DeviceRow {
  const { online, project, version, chip } = fieldsOf(value);
  const there = typeof online === 'boolean' ? online : undefined;
  return {
    ...row,
    online: there,
    project: textOf(project) ?? row.project,
    version: textOf(version) ?? row.version,
    chip: textOf(chip) ?? row.chip,
    since: there === row.online ? row.since : seenAt,
  };
}

function withUpdate(row: DeviceRow, value: unknown): DeviceRow {
  const { state, bytes, total, from, to, reason } = fieldsOf(value);
  if (typeof state !== 'string') return row;
  const known = typeof bytes === 'number' && typeof total === 'number' && total > 0;
  const update: UpdateRow = {
    state,
    fraction: known ? Math.min(1, bytes / total) : 0,
    from: textOf(from),
    to: textOf(to),
    reason: textOf(reason),
  };
  const ran = state === 'confirmed' ? update.to : update.from;
  return { ...row, update, version: row.online === true ? row.version : (ran ?? row.version) };
}

const fieldsOf = (value: unknown): Record<string, unknown> => Object(value) as Record<string, unknown>;

const textOf = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);
