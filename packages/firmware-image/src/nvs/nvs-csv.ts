import { badEntry, checkNvsEntry, type NvsEntry } from './nvs-entry.js';

/**
 * The entries as CSV for Espressif's `esp_idf_nvs_partition_gen`, which makes the bytes of `buildNvsImage` of it. Blobs are base64.
 * Throws `bad_option` for what its reader changes without a word: carriage returns, lines that begin with `#`, and a namespace
 * that is come back to. It adds entries of its own to the keys `sta.ssid`, `sta.pswd`, `ap.ssid`, `ap.passwd` and `ap.authmode`.
 */
export function nvsCsv(entries: readonly NvsEntry[]): string {
  const lines = ['key,type,encoding,value'];
  const seen = new Set<string>();
  let current: string | undefined;
  for (const entry of entries) {
    checkNvsEntry(entry);
    if (entry.namespace !== current) {
      if (seen.has(entry.namespace))
        throw badEntry(`the entries of the namespace "${entry.namespace}" must follow one another in a CSV file.`);
      seen.add(entry.namespace);
      current = entry.namespace;
      lines.push([current, 'namespace', '', ''].map((field) => quoted(field, entry)).join(','));
    }
    const [encoding, value] = encoded(entry);
    lines.push([entry.key, 'data', encoding, value].map((field) => quoted(field, entry)).join(','));
  }
  return `${lines.join('\n')}\n`;
}

function encoded(entry: NvsEntry): readonly [string, string] {
  if (entry.type === 'blob') return ['base64', base64(entry.value)];
  return [entry.type, String(entry.value)];
}

function base64(bytes: Uint8Array): string {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
}

/** A field that a line begins with may not begin with `#`; quotes are no help where a line breaks inside. */
function quoted(field: string, { namespace, key }: NvsEntry): string {
  if (/\r|\n#/.test(field))
    throw badEntry(`"${namespace}"/"${key}" has a carriage return or a line that begins with "#": not for a CSV file.`);
  return /[",\n#]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field;
}
