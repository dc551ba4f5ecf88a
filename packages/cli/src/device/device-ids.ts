import { isDeviceId } from '@secure-esp/protocol';
import { CliError } from '../errors.js';

/** Ids as typed, each once. Throws for what is none. */
export function checkIds(ids: readonly string[]): readonly string[] {
  for (const id of ids) {
    if (!isDeviceId(id))
      throw new CliError(`"${id}" is no device id.`, 'Ids are of A-Z a-z 0-9 _ -, 1 to 64 of them.', 2);
  }
  return [...new Set(ids)];
}
