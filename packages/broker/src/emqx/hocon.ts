import { BrokerError } from '../errors.js';

/** A key, which may be a path, and its value as HOCON text. */
export type Setting = readonly [key: string, value: string];

/** One HOCON object at a path, a setting a line. */
export const block = (path: string, settings: readonly Setting[]): readonly string[] => [
  `${path} {`,
  ...settings.map(([key, value]) => `  ${key} = ${value}`),
  '}',
];

/**
 * A quoted HOCON string. Control characters are refused, and so is `${`: in HOCON itself it means nothing inside quotes, but
 * EMQX replaces names of its environment in paths.
 */
export function hoconString(name: string, text: string): string {
  if (text === '' || text !== text.trim() || /\p{Cc}/u.test(text) || text.includes('${')) {
    throw new BrokerError('bad_option', `${name}: empty, or has control characters, "\${" or spaces at its ends`);
  }
  return JSON.stringify(text);
}
