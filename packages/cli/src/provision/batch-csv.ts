/** One device of a batch: what is flashed where. */
export interface BatchLine {
  readonly id: string;
  /** Serial of its certificate, or "" where it enrols. */
  readonly serial: string;
  /** End of its certificate, or of its claim. */
  readonly until: Date;
  readonly image: string;
  /** Absent: the partition's keys are not written, or are in another file. */
  readonly keys: string | undefined;
}

/** Flash addresses; `undefined` where no partition table was given. */
export interface BatchPlaces {
  readonly image: number | undefined;
  readonly keys: number | undefined;
}

const COLUMNS = ['device_id', 'serial', 'valid_until', 'offset', 'image', 'keys_offset', 'keys'];

const quoted = (field: string): string => (/[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field);

const address = (offset: number | undefined): string => (offset === undefined ? '' : `0x${offset.toString(16)}`);

/** The batch as CSV (RFC 4180, but lines end with LF), for the machine that flashes: a header, then a line per device. */
export function batchCsv(lines: readonly BatchLine[], places: BatchPlaces): string {
  const rows = lines.map(({ id, serial, until, image, keys }) => [
    ...[id, serial, until.toISOString(), address(places.image), image],
    ...(keys === undefined ? ['', ''] : [address(places.keys), keys]),
  ]);
  return [COLUMNS, ...rows].map((row) => `${row.map(quoted).join(',')}\n`).join('');
}
