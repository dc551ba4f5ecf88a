// writing an NVS partition
export { buildNvsImage } from './nvs-builder.js';
export type { NvsImageOptions } from './nvs-builder.js';
export { NVS_MAX_STRING_BYTES } from './nvs-entry.js';
export type { NvsEntry, NvsType, NvsValue } from './nvs-entry.js';
export { nvsCsv } from './nvs-csv.js';

// reading one
export { readNvsImage } from './nvs-reader.js';
